"""Growth: the disk, its paths and map, the partition, then the file system, on all members."""

from __future__ import annotations

from reconciler.model.roles import staying
from reconciler.resources.growth import changes, checks, effects, offline, parsing, readings
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "growth",
    needs=offline.NEEDS,
    check=checks.check,
    diff=changes.diff,
    actions=changes.actions,
    scope=staying,
    effects=effects.EFFECTS,
    readings=readings.READINGS,
    sections=parsing.SECTIONS,
)

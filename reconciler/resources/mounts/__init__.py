"""Where volumes are mounted, now and at boot."""

from __future__ import annotations

from reconciler.resources.mounts import actions, changes, checks, effects, parsing, readings
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "mounts",
    needs=readings.NEEDS,
    check=checks.check,
    diff=changes.diff,
    actions=actions.actions,
    effects=effects.EFFECTS,
    readings=readings.READINGS,
    sections=parsing.SECTIONS,
)

"""The cluster service and its timeouts."""

from __future__ import annotations

from reconciler.resources.o2cb import changes, checks, effects, parsing, readings
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "o2cb",
    needs=changes.NEEDS,
    check=checks.check,
    diff=changes.diff,
    actions=changes.actions,
    effects=effects.EFFECTS,
    readings=readings.READINGS,
    sections=parsing.SECTIONS,
)

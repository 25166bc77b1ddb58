"""The cluster service and its timeouts."""

from __future__ import annotations

from reconciler.resources.o2cb import changes, effects, parsing
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "o2cb",
    needs=changes.NEEDS,
    check=changes.check,
    diff=changes.diff,
    actions=changes.actions,
    effects=effects.EFFECTS,
    readings=changes.READINGS,
    sections=parsing.SECTIONS,
)

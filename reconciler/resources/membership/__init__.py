"""The kernels' live node lists."""

from __future__ import annotations

from reconciler.resources.membership import changes, effects, parsing
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "membership",
    needs=changes.NEEDS,
    check=changes.check,
    diff=changes.diff,
    actions=changes.actions,
    effects=effects.EFFECTS,
    readings=changes.READINGS,
    sections=parsing.SECTIONS,
)

"""Dead hosts that could come back with their old node list."""

from __future__ import annotations

from reconciler.resources.quarantine import changes, effects
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "quarantine",
    needs=changes.NEEDS,
    check=changes.check,
    diff=changes.diff,
    actions=changes.actions,
    effects=effects.EFFECTS,
)

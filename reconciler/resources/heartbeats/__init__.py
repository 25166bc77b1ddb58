"""What somebody attested of heartbeat blocks, on record on every member."""

from __future__ import annotations

from reconciler.model.roles import staying
from reconciler.resources.heartbeats import changes, effects
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "heartbeats",
    needs=changes.NEEDS,
    check=changes.check,
    diff=changes.diff,
    actions=changes.actions,
    scope=staying,
    effects=effects.EFFECTS,
)

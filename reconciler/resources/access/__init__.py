"""Who may see a LUN: taken from a host that has left, where the file says how."""

from __future__ import annotations

from reconciler.model.roles import left_members
from reconciler.resources.access import changes, effects
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "access",
    needs=changes.NEEDS,
    check=changes.check,
    diff=changes.diff,
    actions=changes.actions,
    scope=left_members,
    effects=effects.EFFECTS,
    readings=changes.READINGS,
)

"""Members that differ in what they run."""

from __future__ import annotations

from reconciler.model.roles import staying
from reconciler.resources.resource import Resource
from reconciler.resources.skew import changes

RESOURCE = Resource(
    "skew",
    needs=changes.NEEDS,
    check=changes.check,
    diff=changes.diff,
    actions=changes.actions,
    scope=staying,
)

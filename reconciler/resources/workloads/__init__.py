"""What uses the volumes: services and guests that must not run while these are unmounted."""

from __future__ import annotations

from reconciler.resources.resource import Resource
from reconciler.resources.workloads import changes, effects, parsing

RESOURCE = Resource(
    "workloads",
    needs=changes.NEEDS,
    check=changes.check,
    diff=changes.diff,
    actions=changes.actions,
    effects=effects.EFFECTS,
    readings=changes.READINGS,
    sections=parsing.SECTIONS,
)

"""The order at boot and shutdown: workloads inside their mounts, mounts inside the cluster."""

from __future__ import annotations

from reconciler.resources.ordering import changes, effects, parsing
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "ordering",
    needs=changes.NEEDS,
    check=changes.check,
    diff=changes.diff,
    actions=changes.actions,
    effects=effects.EFFECTS,
    readings=changes.READINGS,
    sections=parsing.SECTIONS,
)

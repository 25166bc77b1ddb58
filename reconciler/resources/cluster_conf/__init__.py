"""The cluster's configuration file."""

from __future__ import annotations

from reconciler.resources.cluster_conf import changes, effects, parsing
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "cluster_conf",
    needs=changes.NEEDS,
    check=changes.check,
    diff=changes.diff,
    actions=changes.actions,
    effects=effects.EFFECTS,
    readings=changes.READINGS,
    sections=parsing.SECTIONS,
)

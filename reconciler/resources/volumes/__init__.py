"""Devices and the file systems on them."""

from __future__ import annotations

from reconciler.resources.resource import Resource
from reconciler.resources.volumes import changes, checks, effects, parsing

RESOURCE = Resource(
    "volumes",
    needs=changes.NEEDS,
    check=checks.check,
    diff=changes.diff,
    actions=changes.actions,
    effects=effects.EFFECTS,
    readings=changes.READINGS,
    sections=parsing.SECTIONS,
)

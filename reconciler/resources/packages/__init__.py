"""The software of a member."""

from __future__ import annotations

from reconciler.resources.packages import changes, checks, effects, parsing
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "packages",
    needs=changes.NEEDS,
    check=checks.check,
    diff=changes.diff,
    actions=changes.actions,
    effects=effects.EFFECTS,
    readings=changes.READINGS,
    sections=parsing.SECTIONS,
)

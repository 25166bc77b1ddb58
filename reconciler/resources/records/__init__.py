"""What the product itself left on a member."""

from __future__ import annotations

from reconciler.resources.records import parsing
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "records",
    sections=parsing.SECTIONS,
)

"""Health: whether a cluster is well enough for the next host to be touched."""

from __future__ import annotations

from reconciler.resources.health import readings
from reconciler.resources.resource import Resource

RESOURCE = Resource(
    "health",
    readings=readings.READINGS,
)

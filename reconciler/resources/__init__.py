"""The resources: each parses its sections, checks, diffs, proposes actions and foresees them.

They do not know each other; what orders their actions is ``planning.order``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.model.effect import Effects
from reconciler.model.reading import Reading
from reconciler.probe.sections import Section
from reconciler.resources import (
    access,
    cluster_conf,
    growth,
    health,
    heartbeats,
    membership,
    mounts,
    o2cb,
    ordering,
    packages,
    quarantine,
    records,
    skew,
    volumes,
    workloads,
)
from reconciler.resources.resource import Resource
from reconciler.resources.workloads import programs

__all__ = ["EFFECTS", "READINGS", "RESOURCES", "SECTIONS", "Resource"]
# In the order in which a plan has their changes.
RESOURCES: tuple[Resource, ...] = (
    packages.RESOURCE,
    skew.RESOURCE,
    cluster_conf.RESOURCE,
    o2cb.RESOURCE,
    membership.RESOURCE,
    volumes.RESOURCE,
    heartbeats.RESOURCE,
    growth.RESOURCE,
    mounts.RESOURCE,
    workloads.RESOURCE,
    programs.RESOURCE,
    ordering.RESOURCE,
    access.RESOURCE,
    quarantine.RESOURCE,
    records.RESOURCE,
    health.RESOURCE,
)
EFFECTS: Effects = {kind: effect for r in RESOURCES for kind, effect in r.effects.items()}
READINGS: Mapping[str, Reading] = {
    name: reading for r in RESOURCES for name, reading in r.readings.items()
}
SECTIONS: Mapping[str, Callable[[Section], object]] = {
    name: parse for r in RESOURCES for name, parse in r.sections.items()
}

"""The resources: each parses its sections, checks, diffs, and proposes actions.

They do not know each other; what orders their actions is ``planning.order``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change
from reconciler.model.reading import Reading
from reconciler.model.roles import involved, left, staying
from reconciler.probe.sections import Section
from reconciler.resources.access import changes as access
from reconciler.resources.cluster_conf import changes as cluster_conf
from reconciler.resources.cluster_conf import parsing as cluster_conf_parsing
from reconciler.resources.growth import changes as growth
from reconciler.resources.growth import checks as growth_checks
from reconciler.resources.growth import offline as growth_offline
from reconciler.resources.growth import parsing as growth_parsing
from reconciler.resources.growth import readings as growth_readings
from reconciler.resources.health import readings as health
from reconciler.resources.heartbeats import changes as heartbeats
from reconciler.resources.membership import changes as membership
from reconciler.resources.membership import parsing as membership_parsing
from reconciler.resources.mounts import changes as mounts
from reconciler.resources.mounts import checks as mounts_checks
from reconciler.resources.mounts import parsing as mounts_parsing
from reconciler.resources.mounts import readings as mounts_readings
from reconciler.resources.o2cb import changes as o2cb
from reconciler.resources.o2cb import parsing as o2cb_parsing
from reconciler.resources.ordering import changes as ordering
from reconciler.resources.ordering import parsing as ordering_parsing
from reconciler.resources.packages import changes as packages
from reconciler.resources.packages import checks as packages_checks
from reconciler.resources.packages import parsing as packages_parsing
from reconciler.resources.quarantine import changes as quarantine
from reconciler.resources.records import parsing as records_parsing
from reconciler.resources.skew import changes as skew
from reconciler.resources.volumes import changes as volumes
from reconciler.resources.volumes import checks as volumes_checks
from reconciler.resources.volumes import parsing as volumes_parsing
from reconciler.resources.workloads import changes as workloads
from reconciler.resources.workloads import parsing as workloads_parsing
from reconciler.resources.workloads import programs


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource's verbs; ``needs`` are the probe sections that it rests on.

    ``scope`` are the members whom it concerns.
    """

    name: str
    needs: tuple[str, ...]
    check: Callable[[Cluster, Observed], Iterable[Blocked]]
    diff: Callable[[Cluster, Observed], Iterable[Change]]
    actions: Callable[[Cluster, Observed, Sequence[Change]], Iterable[Action]]
    scope: Callable[[Cluster], Sequence[str]] = involved


RESOURCES: tuple[Resource, ...] = (
    Resource(
        "packages", packages.NEEDS, packages_checks.check, packages.diff, packages.actions
    ),
    Resource("skew", skew.NEEDS, skew.check, skew.diff, skew.actions, staying),
    Resource(
        "cluster_conf",
        cluster_conf.NEEDS,
        cluster_conf.check,
        cluster_conf.diff,
        cluster_conf.actions,
    ),
    Resource("o2cb", o2cb.NEEDS, o2cb.check, o2cb.diff, o2cb.actions),
    Resource(
        "membership", membership.NEEDS, membership.check, membership.diff, membership.actions
    ),
    Resource("volumes", volumes.NEEDS, volumes_checks.check, volumes.diff, volumes.actions),
    Resource(
        "heartbeats",
        heartbeats.NEEDS,
        heartbeats.check,
        heartbeats.diff,
        heartbeats.actions,
        staying,
    ),
    Resource(
        "growth",
        growth_offline.NEEDS,
        growth_checks.check,
        growth.diff,
        growth.actions,
        staying,
    ),
    Resource("mounts", mounts_readings.NEEDS, mounts_checks.check, mounts.diff, mounts.actions),
    Resource("workloads", workloads.NEEDS, workloads.check, workloads.diff, workloads.actions),
    Resource(
        "programs", programs.NEEDS, programs.check, programs.diff, programs.actions, staying
    ),
    Resource("ordering", ordering.NEEDS, ordering.check, ordering.diff, ordering.actions),
    Resource("access", access.NEEDS, access.check, access.diff, access.actions, left),
    Resource(
        "quarantine", quarantine.NEEDS, quarantine.check, quarantine.diff, quarantine.actions
    ),
)

READINGS: Mapping[str, Reading] = {
    **packages.READINGS,
    **cluster_conf.READINGS,
    **o2cb.READINGS,
    **membership.READINGS,
    **volumes.READINGS,
    **growth_readings.READINGS,
    **mounts_readings.READINGS,
    **workloads.READINGS,
    **ordering.READINGS,
    **access.READINGS,
    **health.READINGS,
}

SECTIONS: Mapping[str, Callable[[Section], object]] = {
    **packages_parsing.SECTIONS,
    **cluster_conf_parsing.SECTIONS,
    **membership_parsing.SECTIONS,
    **o2cb_parsing.SECTIONS,
    **volumes_parsing.SECTIONS,
    **mounts_parsing.SECTIONS,
    **ordering_parsing.SECTIONS,
    **records_parsing.SECTIONS,
    **growth_parsing.SECTIONS,
    **workloads_parsing.SECTIONS,
}

"""Everything that a plan can rest on, looked at in the order in which it turns out to be needed.

Where the facts come from is the source's business: the hosts, or what was recorded of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from reconciler.frozen import frozen
from reconciler.hosts import Host
from reconciler.model.desired import Cluster, Member
from reconciler.model.devices import ref
from reconciler.model.drbd import named_units
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, Observed, Unreachable
from reconciler.model.plan import Command
from reconciler.model.roles import contacted_members, with_volumes
from reconciler.model.software import extra_packages_to_probe
from reconciler.planning.checks.storage_hosts import helper_hosts, hosts_to_probe
from reconciler.planning.resolve.removed import (
    removed_members,
    with_removed_members,
    withdrawn_volumes,
)
from reconciler.probe import probe_command
from reconciler.probe.installed import installed_text
from reconciler.resources.membership.preflight import joins, targets
from reconciler.resources.ordering.words import guest_units, ordered_units
from reconciler.resources.volumes.heartbeats import doubtful
from reconciler.resources.workloads.guests import listings
from reconciler.resources.workloads.obligations import units

if TYPE_CHECKING:
    import asyncio

# The door to a member of a cluster, the same each time.
HostFactory = Callable[[str, Member], Host]
Watch = Callable[[str, str], None]
Hosts = Mapping[str, HostFacts | Unreachable]
ClusterObservations = tuple[tuple[Cluster, Observed], ...]


@frozen
class Options:
    """How a run goes: which part, how wide, how long to wait for a lease.

    Looks at the hosts of several files share ``free``, which is as wide.
    """

    targets: tuple[str, ...] = ()
    parallelism: int = 256
    patience: float = 20.0
    free: asyncio.Semaphore | None = None


class Source(Protocol):
    """Who tells the facts of a cluster's hosts."""

    async def members(self, cluster: Cluster, names: Sequence[str]) -> Observed:
        """Some members, whole."""

    async def probe_connectivity(self, cluster: Cluster, seen: Observed) -> Observed:
        """``seen`` with what each member could reach of the others."""

    async def sample_heartbeats_again(self, cluster: Cluster, seen: Observed) -> Observed:
        """``seen`` with the nodes whose heartbeat goes on."""

    async def storage(self, cluster: Cluster, due: Mapping[str, Sequence[str]]) -> Hosts:
        """The hosts on which something is due, with these logical volumes of theirs."""


async def observe_cluster(
    cluster: Cluster, source: Source, only: Sequence[str]
) -> tuple[Cluster, Observed]:
    """Everything that a plan can rest on; of hosts beside the members only what it would do."""
    cluster, seen = await _members(cluster, source)
    if not helper_hosts(cluster):
        return cluster, seen
    from reconciler.planning.planner import restrict  # noqa: PLC0415  # few files need a plan for a look

    due = hosts_to_probe(cluster, restrict(cluster, seen, only).actions)
    if not due:  # the very same facts: what the plan of them is has been worked out
        return cluster, seen
    return cluster, replace(seen, storage=await source.storage(cluster, due))


async def _members(cluster: Cluster, source: Source) -> tuple[Cluster, Observed]:
    """All of the members, of former members that the hosts know of, too."""
    seen = await source.members(cluster, _names(cluster))
    if gone := removed_members(cluster, seen):
        cluster = with_removed_members(cluster, gone)
        also = await source.members(cluster, [m.name for m in gone])
        seen = Observed({**seen.hosts, **also.hosts})
    if old := withdrawn_volumes(cluster, seen):
        cluster = with_volumes(cluster, (*cluster.volumes, *old))
        seen = await source.members(cluster, _names(cluster))
    if joins(cluster, seen):
        seen = await source.probe_connectivity(cluster, seen)
    return cluster, await source.sample_heartbeats_again(cluster, seen) if doubtful(
        cluster, seen
    ) else seen


def _names(cluster: Cluster) -> list[str]:
    return [m.name for m in contacted_members(cluster)]


@once_each()
def probe_arguments(cluster: Cluster) -> dict[str, tuple[str, ...]]:
    """What this cluster's file makes the probe look at, by its option."""
    return {
        "want": tuple(ref(v) for v in cluster.volumes),
        "blank": tuple(ref(v) for v in cluster.volumes if v.format == "if-blank"),
        "paths": tuple(v.mount.path for v in cluster.volumes),
        "units": (
            *units(cluster),
            *guest_units(cluster),
            *(unit for volume in cluster.volumes for unit in named_units(volume)),
        ),
        "orders": tuple(ordered_units(cluster)),
        "guests": tuple(listings(cluster)),
        "packages": tuple(extra_packages_to_probe(cluster)),
    }


def installed_probe(cluster: Cluster) -> str:
    """The probe as a file on a cluster's members, for a user who may only look."""
    words = probe_command(**probe_arguments(cluster)).argv[4:]
    return installed_text(words, targets(cluster))


def recorded_probe_arguments(cluster: Cluster, seen: Observed) -> dict[str, tuple[str, ...]]:
    """What its hosts have been asked for by then: what facts that were recorded can tell."""
    tried = targets(cluster) if joins(cluster, seen) else ()
    return {**probe_arguments(cluster), "connect": tried}


def probe_for(
    cluster: Cluster,
    blank: Sequence[str],
    only: Sequence[str] = (),
    sizes: Sequence[str] = (),
    places: Sequence[str] = (),
) -> Command:
    """The probe with what this cluster's volumes make it look at, ``blank`` most closely.

    Of a part with the interconnect it tries ``places``, IP:PORT, beside where members shall be.
    """
    asked_for: Mapping[str, Sequence[str]] = {**probe_arguments(cluster), "blank": blank}
    return probe_command(
        **asked_for,
        only=only,
        connect=sorted({*targets(cluster), *places}) if "interconnect" in only else (),
        sizes=sizes,
    )


def whole_probe(cluster: Cluster, connect: Sequence[str]) -> Command:
    """The probe with all sections, and all that this cluster's file makes it look at."""
    return probe_command(**probe_arguments(cluster), connect=connect)

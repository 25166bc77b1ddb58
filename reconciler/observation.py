"""Everything that a plan can rest on, looked at in the order in which it turns out to be needed.

Where the facts come from is the source's business: the hosts, or what was recorded of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Protocol

from reconciler.hosts import Host
from reconciler.hosts.observer import observe
from reconciler.model.desired import Cluster, Desired, Member
from reconciler.model.devices import ref
from reconciler.model.drbd import named_units
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.plan import Command
from reconciler.model.roles import contacted_members, staying, with_volumes
from reconciler.model.software import extra_packages_to_probe
from reconciler.model.ssh_access import Ssh
from reconciler.planning.checks.storage_hosts import (
    helper_hosts,
    hosts_to_probe,
    non_member_hosts,
)
from reconciler.planning.resolve.removed import (
    removed_members,
    with_removed_members,
    withdrawn_volumes,
)
from reconciler.probe import probe_command
from reconciler.probe.installed import installed_text
from reconciler.resources import SECTIONS
from reconciler.resources.membership.preflight import joins, targets
from reconciler.resources.ordering.words import guest_units, ordered_units
from reconciler.resources.volumes.heartbeat_samples import BEATS_APART, with_advanced_beats
from reconciler.resources.volumes.heartbeats import doubtful
from reconciler.resources.workloads.guests import listings
from reconciler.resources.workloads.obligations import units

# The door to a member of a cluster, the same each time.
HostFactory = Callable[[str, Member], Host]
# What is beside the members has no address on their interconnect.
NOWHERE = IPv4Address(0)
Watch = Callable[[str, str], None]
SECOND = "a second heartbeat"  # what is waited for, where a host's name stands else
Hosts = Mapping[str, HostFacts | Unreachable]
ClusterObservations = tuple[tuple[Cluster, Observed], ...]


@dataclass(frozen=True, slots=True)
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


async def look_at(
    desired: Desired, fleet: HostFactory, options: Options, watch: Watch | None = None
) -> ClusterObservations:
    """Every cluster with what its hosts have now."""
    return await observe_clusters(
        desired, Live(fleet, options.free or options.parallelism, watch), options.targets
    )


async def observe_clusters(
    desired: Desired, source: Source, only: Sequence[str]
) -> ClusterObservations:
    """Every cluster with all that its plan, restricted to the targets ``only``, can rest on."""
    found = (observe_cluster(cluster, source, only) for cluster in desired.clusters)
    return tuple(await asyncio.gather(*found))


async def observe_cluster(
    cluster: Cluster, source: Source, only: Sequence[str]
) -> tuple[Cluster, Observed]:
    """Everything that a plan can rest on; of hosts beside the members only what it would do."""
    cluster, seen = await _members(cluster, source)
    if not helper_hosts(cluster):
        return cluster, seen
    from reconciler.planning.planner import restrict  # noqa: PLC0415  # few files need a plan for a look

    due = hosts_to_probe(cluster, restrict(cluster, seen, only).actions)
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
) -> Command:
    """The probe with what this cluster's volumes make it look at, ``blank`` most closely."""
    asked_for: Mapping[str, Sequence[str]] = {**probe_arguments(cluster), "blank": blank}
    return probe_command(
        **asked_for,
        only=only,
        connect=targets(cluster) if "interconnect" in only else (),
        sizes=sizes,
    )


def whole_probe(cluster: Cluster, connect: Sequence[str]) -> Command:
    """The probe with all sections, and all that this cluster's file makes it look at."""
    return probe_command(**probe_arguments(cluster), connect=connect)


def _who_tried(addresses: Sequence[str], seen: Observed) -> frozenset[str]:
    """The hosts that have tried all of them in the same look."""
    return frozenset(
        name
        for name, facts in seen.answering_hosts().items()
        if not isinstance(facts.interconnect, Unknown)
        and {*addresses} <= {found.target for found in facts.interconnect}
    )


def member_hosts(fleet: HostFactory, cluster: Cluster) -> Mapping[str, Host]:
    """The members that are asked, by name."""
    return {m.name: fleet(cluster.name, m) for m in contacted_members(cluster)}


def storage(fleet: HostFactory, cluster: Cluster) -> Mapping[str, Host]:
    """The hosts beside the members on which the file has commands run."""
    return {name: helper(fleet, cluster, name) for name in non_member_hosts(cluster)}


def helper(fleet: HostFactory, cluster: Cluster, name: str) -> Host:
    """A host that is no member, reached as ssh_config and DNS have its name."""
    member = Member.model_construct(name=name, interconnect=NOWHERE, ssh=Ssh())
    return fleet(cluster.name, member)


@dataclass(frozen=True, slots=True)
class Live:
    """The hosts themselves, ``limit`` at a time; ``watch`` hears how it goes.

    Who stays is asked along what it reaches where somebody ``joined`` already when they were last
    looked at.
    """

    fleet: HostFactory
    limit: int | asyncio.Semaphore
    watch: Watch | None = None
    joined: bool = False

    async def members(self, cluster: Cluster, names: Sequence[str]) -> Observed:
        """Some members, whole."""
        stays = staying(cluster) if self.joined else ()
        asked = [
            self._ask(self._doors(cluster, who), whole_probe(cluster, connect))
            for who, connect in (
                ([n for n in names if n in stays], targets(cluster)),
                ([n for n in names if n not in stays], ()),
            )
            if who
        ]
        found = await asyncio.gather(*asked)
        told = {name: one for seen in found for name, one in seen.hosts.items()}
        return Observed({name: told[name] for name in self._doors(cluster, names)})

    async def probe_connectivity(self, cluster: Cluster, seen: Observed) -> Observed:
        """Has each member that stays connect to the others."""
        ports = probe_command(only=("interconnect",), connect=targets(cluster))
        tried = _who_tried(targets(cluster), seen)
        stays = self._doors(cluster, [n for n in staying(cluster) if n not in tried])
        return with_ports(seen, await self._ask(stays, ports))

    async def sample_heartbeats_again(self, cluster: Cluster, seen: Observed) -> Observed:
        """A second sample of the heartbeats, after a pause."""
        told = self.watch or _untold
        told(SECOND, "started")
        await asyncio.sleep(BEATS_APART)
        told(SECOND, "finished")
        again = probe_for(cluster, (), ("wanted",))
        return with_advanced_beats(
            seen, await self._ask(member_hosts(self.fleet, cluster), again)
        )

    async def storage(self, cluster: Cluster, due: Mapping[str, Sequence[str]]) -> Hosts:
        """Asks each of them for who it is and for its logical volumes."""
        places = {**storage(self.fleet, cluster), **member_hosts(self.fleet, cluster)}
        looks = [
            self._ask({host: places[host]}, _storage_probe(volumes))
            for host, volumes in due.items()
            if host in places
        ]
        found = await asyncio.gather(*looks)
        return {host: facts for one in found for host, facts in one.hosts.items()}

    def _doors(self, cluster: Cluster, names: Sequence[str]) -> Mapping[str, Host]:
        return {n: door for n, door in member_hosts(self.fleet, cluster).items() if n in names}

    async def _ask(self, hosts: Mapping[str, Host], probe: Command) -> Observed:
        return await observe(hosts, probe, SECTIONS, limit=self.limit, progress=self.watch)


def _untold(_host: str, _state: str) -> None:
    """Nobody listens."""


def _storage_probe(volumes: Sequence[str]) -> Command:
    return probe_command(only=("identity", "logical_volumes"), volumes=volumes)


def with_ports(seen: Observed, ports: Observed) -> Observed:
    """``seen`` with what each member could reach of the others."""
    tried = ports.answering_hosts()
    return Observed(
        {
            name: replace(facts, interconnect=tried[name].interconnect)
            if isinstance(facts, HostFacts) and name in tried
            else facts
            for name, facts in seen.hosts.items()
        }
    )

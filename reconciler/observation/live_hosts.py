"""The hosts themselves, asked for what a plan can rest on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from reconciler.frozen import frozen
from reconciler.hosts import Host
from reconciler.hosts.observer import observe
from reconciler.model.desired import Cluster, Desired, Member
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.plan import Command
from reconciler.model.roles import contacted_members, staying
from reconciler.model.ssh_access import Ssh
from reconciler.observation import (
    ClusterObservations,
    HostFactory,
    Hosts,
    Options,
    Source,
    Watch,
    observe_cluster,
    probe_for,
    whole_probe,
)
from reconciler.planning.checks.storage_hosts import non_member_hosts
from reconciler.probe import probe_command
from reconciler.resources import SECTIONS
from reconciler.resources.membership.preflight import targets
from reconciler.resources.volumes.heartbeat_samples import BEATS_APART, with_advanced_beats

# What is beside the members has no address on their interconnect.
NOWHERE = IPv4Address(0)
SECOND = "a second heartbeat"  # what is waited for, where a host's name stands else


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


@frozen
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
        asked = seen.answering_hosts().keys() - tried
        stays = self._doors(cluster, [n for n in staying(cluster) if n in asked])
        return with_ports(seen, await self._ask(stays, ports))

    async def sample_heartbeats_again(self, cluster: Cluster, seen: Observed) -> Observed:
        """A second sample of the heartbeats, after a pause."""
        told = self.watch or _untold
        told(SECOND, "started")
        await asyncio.sleep(BEATS_APART)
        told(SECOND, "finished")
        again = probe_for(cluster, (), ("wanted",))
        answering = self._doors(cluster, [*seen.answering_hosts()])
        return with_advanced_beats(seen, await self._ask(answering, again))

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


def _who_tried(addresses: Sequence[str], seen: Observed) -> frozenset[str]:
    """The hosts that have tried all of them in the same look."""
    return frozenset(
        name
        for name, facts in seen.answering_hosts().items()
        if not isinstance(facts.interconnect, Unknown)
        and {*addresses} <= {found.target for found in facts.interconnect}
    )


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

"""Recorded facts in place of the hosts: what was not looked at then is unknown, never absent."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from reconciler.frozen import frozen
from reconciler.hosts.asked import as_asked
from reconciler.model.desired import Cluster, Desired
from reconciler.model.documents import Record
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.roles import contacted_members, staying
from reconciler.observation import (
    ClusterObservations,
    Hosts,
    observe_cluster,
    probe_arguments,
)
from reconciler.planning.checks.storage_hosts import non_member_hosts
from reconciler.resources.membership.preflight import targets

NOTHING = Record({}, {}, {})
T = TypeVar("T")


def look_at_recorded(
    desired: Desired, records: Mapping[str, Record], only: Sequence[str]
) -> ClusterObservations:
    """Every cluster with what was recorded of its hosts; none of them is asked."""
    source = Recorded(records)
    return tuple(_at_once(observe_cluster(c, source, only)) for c in desired.clusters)


def _at_once(look: Coroutine[Any, Any, T]) -> T:
    """What comes of a look that waits for nothing: an event loop costs more than such a look."""
    try:
        look.send(None)
    except StopIteration as ended:
        found: T = ended.value
        return found
    raise AssertionError("what waits for nothing was waited for")


@frozen
class Recorded:
    """What was recorded, by cluster."""

    records: Mapping[str, Record]

    async def members(self, cluster: Cluster, names: Sequence[str]) -> Observed:
        """Some members, as far as they were looked at for what this file needs."""
        record = self._record(cluster)
        asked = {name: frozenset(words) for name, words in probe_arguments(cluster).items()}
        return Observed({name: _host(name, record, asked) for name in names})

    async def probe_connectivity(self, cluster: Cluster, seen: Observed) -> Observed:
        """What each member could reach; if that was not tried, nobody can join."""
        record = self._record(cluster)
        missing = set(targets(cluster)) - record.asked.get("connect", frozenset())
        tried = {
            name: _tried(name, facts, record, sorted(missing))
            for name, facts in seen.answering_hosts().items()
            if name in staying(cluster)
        }
        return replace(seen, hosts={**seen.hosts, **tried})

    async def sample_heartbeats_again(self, cluster: Cluster, seen: Observed) -> Observed:  # noqa: ARG002  # of the protocol
        """The heartbeats that went on were recorded with the rest."""
        return seen

    async def storage(self, cluster: Cluster, due: Mapping[str, Sequence[str]]) -> Hosts:
        """The storage hosts that were looked at, with the volumes that were."""
        found = self._record(cluster).storage
        places = {*non_member_hosts(cluster), *(m.name for m in contacted_members(cluster))}
        return {
            host: _storage(host, found.get(host), volumes)
            for host, volumes in due.items()
            if host in places
        }

    def _record(self, cluster: Cluster) -> Record:
        return self.records.get(cluster.name, NOTHING)


def _missing(host: str, what: str) -> Unreachable:
    return Unreachable(host, "not-observed", f"{what} when the facts were recorded")


def _host(
    name: str, record: Record, asked: Mapping[str, frozenset[str]]
) -> HostFacts | Unreachable:
    facts = record.hosts.get(name)
    if facts is None:
        return _missing(name, f"{name} was not looked at")
    if isinstance(facts, Unreachable):
        return facts
    found = as_asked(facts, record.asked, asked, "not looked at when recorded")
    return replace(found, interconnect=())


def _tried(
    name: str, facts: HostFacts, record: Record, missing: Sequence[str]
) -> HostFacts | Unreachable:
    if missing:
        return _missing(name, f"{name} did not try to reach {', '.join(missing)}")
    recorded = record.hosts[name]
    assert isinstance(recorded, HostFacts)  # noqa: S101  # the facts come from it
    return replace(facts, interconnect=recorded.interconnect)


def _storage(
    host: str, facts: HostFacts | Unreachable | None, volumes: Sequence[str]
) -> HostFacts | Unreachable:
    if facts is None:
        return _missing(host, f"{host} was not looked at")
    if isinstance(facts, Unreachable) or isinstance(facts.logical_volumes, Unknown):
        return facts
    unasked = sorted(set(volumes) - {item.name for item in facts.logical_volumes})
    if not unasked:
        return facts
    why = Unknown(f"not looked at when recorded: {', '.join(unasked)}")
    return replace(facts, logical_volumes=why)

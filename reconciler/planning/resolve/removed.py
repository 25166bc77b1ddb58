"""Who and what stands in the file no more: a deleted member is evicted, a volume withdrawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from reconciler.model.desired import Cluster, Member, Volume
from reconciler.model.devices import ref
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.records import record
from reconciler.model.roles import (
    PlanningState,
    confirmed_members,
    with_members,
)
from reconciler.planning.resolve.identity import is_known, known_names
from reconciler.planning.resolve.last_applied import APPLIED, applied_items
from reconciler.planning.resolve.numbering import live_nodes, places

# States in the last applied file of those who were out of the cluster by then.
OUT = frozenset({"absent", "dead"})


def removed_members(cluster: Cluster, observed: Observed) -> tuple[Member, ...]:
    """Former members as absent ones, reached as the last applied file says.

    They are on a running kernel's list, in a cluster.conf, or in the record of the last
    apply that a member keeps.
    """
    named = known_names(cluster, observed)
    sources = Observed(confirmed_members(cluster, observed))
    found: dict[str, Member] = {}
    told: dict[str, HostFacts] = {}  # mostly all remember the same
    for facts in sources.answering_hosts().values():
        if not isinstance(facts.records, Unknown) and live_nodes(cluster, facts):
            told.setdefault(record(facts, cluster.name, APPLIED).sha256, facts)
    for facts in told.values():
        for item in _applied(cluster, facts):
            found.setdefault(host_key(item.name), item)
    for name, (_number, ip, port) in places(cluster, sources).items():
        if name not in found:
            found[name] = _member({"name": name, "interconnect": ip, "port": port})
    return tuple(found[name] for name in sorted(found) if not is_known(name, named))


def withdrawn_volumes(cluster: Cluster, observed: Observed) -> tuple[Volume, ...]:
    """Volumes of the last applied file that this one does not have, to be mounted nowhere."""
    labels = {v.label for v in cluster.volumes}
    devices = {ref(v) for v in cluster.volumes}
    # A path that another volume has now is its own: what is mounted there else is refused.
    paths = {v.mount.path for v in cluster.volumes}
    found: dict[str, Volume] = {}
    for facts in confirmed_members(cluster, observed).values():
        for item in _items(cluster, facts, "volumes"):
            with suppress(ValidationError):
                volume = Volume.model_validate(item, strict=False)
                ours = volume.label in labels or ref(volume) in devices
                if not ours and volume.mount.path not in paths:
                    out = volume.with_planning_state(state=PlanningState.WITHDRAWN)
                    found.setdefault(volume.label, out)
    return tuple(found[label] for label in sorted(found))


def with_removed_members(cluster: Cluster, gone: tuple[Member, ...]) -> Cluster:
    """``cluster`` with them as absent members."""
    return with_members(cluster, (*cluster.members, *gone))


def _applied(cluster: Cluster, facts: HostFacts) -> Iterator[Member]:
    """The members of the last applied file, as a host in the cluster remembers it."""
    for item in _items(cluster, facts, "members"):
        known = isinstance(item, dict) and isinstance(item.get("name"), str)
        if known and item.get("state", "present") not in tuple(OUT):
            keys = ("name", "interconnect", "port", "ssh")
            with suppress(ValidationError):  # not a file of ours: the lists remain
                yield _checked({key: item[key] for key in keys if key in item})


def _items(cluster: Cluster, facts: HostFacts, key: str) -> list[Any]:
    """What a host that is in the cluster now remembers."""
    return applied_items(cluster, facts, key) if live_nodes(cluster, facts) else []


def _checked(values: Mapping[str, Any]) -> Member:
    return Member.model_validate({**values, "state": "absent"})


def _member(values: Mapping[str, Any]) -> Member:
    try:
        return _checked(values)
    except ValidationError:  # a name that the tools accept and no file may have
        out: dict[str, Any] = {**values, "state": "absent"}
        return Member.model_construct(**out)

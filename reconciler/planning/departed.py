"""Who was a member and stands in the file no more: a deleted block still means eviction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from reconciler.model.desired import Cluster, Member
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.records import record
from reconciler.model.standing import with_members
from reconciler.planning.numbering import live_nodes, places
from reconciler.resources.quarantine.entries import trusted

APPLIED = "applied.json"
# States in the last applied file of those who were out of the cluster by then.
OUT = frozenset({"absent", "dead"})


def departed(cluster: Cluster, observed: Observed) -> tuple[Member, ...]:
    """Former members as absent ones, reached as the last applied file says.

    They are on a running kernel's list, in a cluster.conf, or in the record of the last
    apply that a member keeps.
    """
    named = {m.name.lower() for m in cluster.members}
    sources = Observed(trusted(cluster, observed))
    found: dict[str, Member] = {}
    for facts in sources.reached().values():
        for item in _applied(cluster, facts):
            found.setdefault(item.name.lower(), item)
    for name, (_number, ip, port) in places(cluster, sources).items():
        if name not in found:
            found[name] = _member({"name": name, "interconnect": ip, "port": port})
    return tuple(found[name] for name in sorted(found) if name not in named)


def with_departed(cluster: Cluster, gone: tuple[Member, ...]) -> Cluster:
    """``cluster`` with them as absent members."""
    return with_members(cluster, (*cluster.members, *gone))


def _applied(cluster: Cluster, facts: HostFacts) -> Iterator[Member]:
    """The members of the last applied file, as a host in the cluster remembers it."""
    if isinstance(facts.records, Unknown) or not live_nodes(cluster, facts):
        return
    try:
        clusters = json.loads(record(facts, cluster.name, APPLIED).text or "{}")["clusters"]
        items = [m for c in clusters if c["name"] == cluster.name for m in c["members"]]
    except (ValueError, KeyError, TypeError):
        return  # no record, or a garbled one: the lists remain
    for item in items:
        known = isinstance(item, dict) and isinstance(item.get("name"), str)
        if known and item.get("state", "present") not in tuple(OUT):
            keys = ("name", "interconnect", "port", "ssh")
            with suppress(ValidationError):  # not a file of ours: the lists remain
                yield _checked({key: item[key] for key in keys if key in item})


def _checked(values: Mapping[str, Any]) -> Member:
    return Member.model_validate({**values, "state": "absent"})


def _member(values: Mapping[str, Any]) -> Member:
    try:
        return _checked(values)
    except ValidationError:  # a name that the tools accept and no file may have
        out: dict[str, Any] = {**values, "state": "absent"}
        return Member.model_construct(**out)

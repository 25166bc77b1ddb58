"""Quarantine: a dead host that was dropped uncleaned stays on record until it cannot harm.

Powered on again it starts with its old node list and mounts by itself; if nobody of that
list is mounting then, it replays a live journal (manual ocfs2, 0.9). What would let it is
refused by ``planning.checks.quarantine``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.gate.action_builders import digest, write
from reconciler.model.addresses import member_address, parse_address
from reconciler.model.desired import Cluster
from reconciler.model.heartbeat_owners import QUARANTINE
from reconciler.model.host_names import host_key
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, Observed, TextFile, Unknown
from reconciler.model.outcome import Blocked, refuse_unread
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.records import record
from reconciler.model.roles import contacted_members, restrict_to, staying
from reconciler.resources.cluster_conf.grammar import ConfInvalid, parse_conf
from reconciler.resources.quarantine.entries import (
    Entry,
    entries_text,
    known_members,
    read_entries,
    readable_entries,
)


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse a record that cannot be read: nobody in quarantine is forgotten."""
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        try:
            if not isinstance(facts.records, Unknown):
                read_entries(record(facts, cluster.name, QUARANTINE).text)
        except ValueError as error:
            yield refuse_unread(host, f"the record {QUARANTINE}", str(error))


@once_each()
def quarantine_candidates(cluster: Cluster, observed: Observed) -> tuple[Entry, ...]:
    """Those in quarantine, and the dead who are on a list still."""
    found = readable_entries(cluster, observed)
    roster = known_members(cluster, observed)
    named = {(host_key(entry.name), entry.number) for entry in found}
    new = []
    for item in cluster.members:
        name = host_key(item.name)
        if item.role != "dead" or item.is_revoked:
            continue
        nodes = _last_list(cluster, observed, name)
        if not nodes:
            continue
        number = next(number for number, node in nodes if host_key(node) == name)
        if (name, number) not in named:
            machine = roster[name].machine_id if name in roster else ""
            new.append(Entry(item.name, number, machine, nodes))
    return tuple(sorted({*found, *new}))


def _last_list(cluster: Cluster, observed: Observed, name: str) -> tuple[tuple[int, str], ...]:
    """A list that has ``name``, of a running kernel or else of a file; empty if none has."""
    reached = restrict_to(observed, staying(cluster)).answering_hosts()
    found = [*(_live(cluster, f) for f in reached.values())]
    found += [_filed(cluster, f) for f in reached.values()]
    return next((n for n in found if name in {host_key(node) for _, node in n}), ())


def _live(cluster: Cluster, facts: HostFacts) -> tuple[tuple[int, str], ...]:
    nodes = () if isinstance(facts.live, Unknown) else facts.live.nodes(cluster.name)
    return tuple(sorted((node.number, node.name) for node in nodes))


def _filed(cluster: Cluster, facts: HostFacts) -> tuple[tuple[int, str], ...]:
    """The list of cluster.conf; none where it cannot be read."""
    if isinstance(facts.cluster_conf, Unknown):
        return ()
    try:
        nodes = parse_conf(facts.cluster_conf.text or "").nodes
    except ConfInvalid:
        return ()
    return tuple(sorted((n.number, n.name) for n in nodes if n.cluster == cluster.name))


def releasable(
    cluster: Cluster, observed: Observed, found: Sequence[Entry]
) -> frozenset[Entry]:
    """Entries of whom the storage is taken, or who is reached again and surely the same."""
    revoked = {host_key(m.name) for m in cluster.members if m.role == "dead" and m.is_revoked}
    names = {m.name for m in contacted_members(cluster)}
    back = {
        host_key(name): f for name, f in restrict_to(observed, names).answering_hosts().items()
    }
    machines = [
        facts.identity.machine_id
        for facts in observed.answering_hosts().values()
        if not isinstance(facts.identity, Unknown)
    ]
    return frozenset(
        e
        for e in found
        if host_key(e.name) in revoked
        or (host_key(e.name) in back and _is_same(cluster, e, back[host_key(e.name)], machines))
    )


def _is_same(cluster: Cluster, entry: Entry, facts: HostFacts, machines: Sequence[str]) -> bool:
    """Whether the host that bears the name is the one in quarantine, not another machine.

    Clones of one template have one machine id: then it says nothing. Its old number in its own
    old file tells as well.
    """
    own = (entry.number, host_key(entry.name))
    if own in {(number, host_key(name)) for number, name in _filed(cluster, facts)}:
        return True
    if isinstance(facts.identity, Unknown) or not entry.machine_id:
        return False
    machine = facts.identity.machine_id
    return machine == entry.machine_id and machines.count(machine) == 1


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Members whose record is not the wanted one."""
    everyone = quarantine_candidates(cluster, observed)
    free = releasable(cluster, observed, everyone)
    kept = [e for e in everyone if e not in free]
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        have = record(facts, cluster.name, QUARANTINE).text
        for place, wanted in (("enter", everyone), ("leave", kept)):
            text = entries_text(wanted)
            if have != text and (wanted or have is not None):
                names = ", ".join(entry.name for entry in wanted) or "nobody"
                because = (
                    f"{names} could return with an old node list"
                    if wanted
                    else "nobody could return with an old list any more"
                )
                where = member_address(host, "quarantine", place)
                yield Change(where, host, "file", have, text, because)
                have = text


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write down who enters before anything is dropped, and who leaves after all else."""
    for change in changes:
        file = record(observed.answering_hosts()[change.host], cluster.name, QUARANTINE)
        before = change.before if isinstance(change.before, str) else None
        old = replace(file, text=before, sha256=digest(before) if before is not None else "")
        lifts = parse_address(change.address).last == "leave"
        kind = "lift-quarantine" if lifts else "write-quarantine"
        yield _written(cluster, change, kind, old)


def _written(cluster: Cluster, change: Change, kind: str, file: TextFile) -> Action:
    action = write(change, (cluster.name, kind), "record", file, str(change.after))
    subject = f"{cluster.name}/{QUARANTINE}"
    old, new = (fact.value for fact in (*action.requires, *action.expects))
    return replace(
        action,
        summary="note who is in quarantine",
        requires=(Fact((change.host,), "record", subject, old),),
        expects=(Fact((change.host,), "record", subject, new),),
    )


NEEDS = ("records", "live", "identity", "cluster_conf")

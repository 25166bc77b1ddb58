"""Quarantine: a dead host that was dropped uncleaned stays on record until it cannot harm.

Powered on again it starts with its old node list and mounts by itself; if nobody of that
list is mounting then, it replays a live journal (OCFS2.md, rule 9). What would let it is
refused by ``planning.returning``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.gate.steps import digest, write
from reconciler.model.desired import Cluster
from reconciler.model.observed import LiveNode, Observed, TextFile, Unknown, known
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.records import record
from reconciler.model.refusals import member, unread
from reconciler.model.standing import among, contacted, staying
from reconciler.resources.quarantine.entries import (
    QUARANTINE,
    Entry,
    entries,
    entries_text,
    known_members,
)


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse a record that cannot be read: nobody in quarantine is forgotten."""
    for host, facts in among(observed, staying(cluster)).reached().items():
        try:
            entries(cluster, Observed({host: facts}))
        except ValueError as error:
            yield unread(host, f"the record {QUARANTINE}", str(error))


def _entered(cluster: Cluster, observed: Observed) -> tuple[Entry, ...]:
    """Those in quarantine, and the dead who are on a running kernel's list still."""
    found = _safely(cluster, observed)
    roster = known_members(cluster, observed)
    named = {(entry.name.lower(), entry.number) for entry in found}
    new = []
    for item in cluster.members:
        revoked = item.attested is not None and item.attested.lun_access == "revoked"
        nodes = _last_list(cluster, observed, item.name)
        if item.state != "dead" or revoked or not nodes:
            continue
        number = next(n.number for n in nodes if n.name.lower() == item.name.lower())
        if (item.name.lower(), number) not in named:
            machine = (
                roster[item.name.lower()].machine_id if item.name.lower() in roster else ""
            )
            pairs = tuple(sorted((node.number, node.name) for node in nodes))
            new.append(Entry(item.name, number, machine, pairs))
    return tuple(sorted({*found, *new}))


def _safely(cluster: Cluster, observed: Observed) -> tuple[Entry, ...]:
    try:
        return entries(cluster, among(observed, staying(cluster)))
    except ValueError:
        return ()  # refused by check


def _last_list(cluster: Cluster, observed: Observed, name: str) -> tuple[LiveNode, ...]:
    """The list of a running kernel that has ``name``; empty if none has."""
    for facts in among(observed, staying(cluster)).reached().values():
        for live in known(facts.live).clusters:
            names = {node.name.lower() for node in live.nodes}
            if live.name == cluster.name and name.lower() in names:
                return live.nodes
    return ()


def lifted(cluster: Cluster, observed: Observed, found: Sequence[Entry]) -> frozenset[Entry]:
    """Entries of whom the storage is taken, or who is a member that is reached again."""
    revoked = {
        m.name.lower()
        for m in cluster.members
        if m.state == "dead" and m.attested and m.attested.lun_access == "revoked"
    }
    names = {m.name for m in contacted(cluster)}
    machines = {
        facts.identity.machine_id
        for facts in among(observed, names).reached().values()
        if not isinstance(facts.identity, Unknown)
    }
    return frozenset(
        e for e in found if e.name.lower() in revoked or e.machine_id in machines - {""}
    )


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Members whose record is not the wanted one."""
    entered = _entered(cluster, observed)
    kept = [e for e in entered if e not in lifted(cluster, observed, entered)]
    for host, facts in among(observed, staying(cluster)).reached().items():
        have = record(facts, cluster.name, QUARANTINE).text
        for place, wanted in (("enter", entered), ("leave", kept)):
            text = entries_text(wanted)
            if have != text and (wanted or have is not None):
                names = ", ".join(entry.name for entry in wanted) or "nobody"
                because = (
                    f"{names} could return with an old node list" if wanted else "no one could"
                )
                where = f"{member(host)}/quarantine/{place}"
                yield Change(where, host, "file", have, text, because)
                have = text


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write down who enters before anything is dropped, and who leaves after all else."""
    for change in changes:
        file = record(observed.reached()[change.host], cluster.name, QUARANTINE)
        before = change.before if isinstance(change.before, str) else None
        old = replace(file, text=before, sha256=digest(before) if before is not None else "")
        kind = "lift-quarantine" if change.address.endswith("/leave") else "write-quarantine"
        yield _written(cluster, change, kind, old)


def _written(cluster: Cluster, change: Change, kind: str, file: TextFile) -> Action:
    action = write(change, f"{cluster.name}/{kind}", "record", file, str(change.after))
    subject = f"{cluster.name}/{QUARANTINE}"
    old, new = (fact.value for fact in (*action.requires, *action.expects))
    return replace(
        action,
        summary="note who is in quarantine",
        requires=(Fact((change.host,), "record", subject, old),),
        expects=(Fact((change.host,), "record", subject, new),),
    )


NEEDS = ("records", "live", "identity")

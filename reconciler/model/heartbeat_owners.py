"""Under which numbers of the heartbeat area somebody of ours writes, or wrote before.

A block that stands still is accepted only if it is known whose it is, and that one answers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.desired import Cluster
from reconciler.model.host_names import host_key, is_same_host
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.records import record
from reconciler.model.roles import GONE, confirmed_members, left_members

# The record on the members of who was dropped without having been cleaned.
QUARANTINE = "quarantine.json"
# The record on the members of everybody's number.
MEMBERS = "members.json"

# A block as it stands since its machine answered without it: file system's UUID, number, block.
LeftBlock = tuple[str, int, str]


def own_numbers(cluster: Cluster, facts: HostFacts) -> tuple[int, ...]:
    """The number that a host has in its running kernel."""
    if isinstance(facts.live, Unknown):
        return ()
    return tuple(node.number for node in facts.live.nodes(cluster.name) if node.local)


@once_each()
def listed_numbers(cluster: Cluster, observed: Observed) -> frozenset[int]:
    """The numbers of the file's members, and those that hosts which answered still have.

    Who is in quarantine was attested dead when it was dropped, and is on record since. A number
    that a host which answers had before, by the members' record, is its own leftover; so is that
    of a host which is to be out. A host of which nothing is of this cluster has its number in
    another one of the same name.
    """
    out = left_members(cluster)
    filed = {m.number for m in cluster.members if m.number is not None and m.name not in out}
    now = {n for facts in _ours(cluster, observed) for n in own_numbers(cluster, facts)}
    return frozenset(filed | now | _remembered(cluster, observed))


def _ours(cluster: Cluster, observed: Observed) -> Iterator[HostFacts]:
    """Whoever answered, but for hosts of which nothing is of this cluster."""
    gone = {m.name for m in cluster.members if m.role == GONE}
    answering = observed.whole.answering_hosts()
    return (facts for name, facts in answering.items() if name not in gone)


@once_each()
def kernel_places(cluster: Cluster, observed: Observed) -> frozenset[tuple[int, str]]:
    """Number and name, as ``host_key``, of every node that a kernel of ours lists.

    What only a file lists may be of another life.
    """
    return frozenset(
        (node.number, host_key(node.name))
        for facts in _ours(cluster, observed)
        if not isinstance(facts.live, Unknown)
        for node in facts.live.nodes(cluster.name)
    )


def _remembered(cluster: Cluster, observed: Observed) -> set[int]:
    """The numbers in the members' records of quarantine, and of hosts that answer.

    Only what every member that is in the cluster by now has on record: a host that joins brings
    records of another life.
    """
    texts = {  # mostly all remember the same
        (record_text_of(cluster, facts, QUARANTINE), record_text_of(cluster, facts, MEMBERS))
        for facts in confirmed_members(cluster, observed).values()
    }
    going = _going(cluster, observed)
    told: list[set[int]] = []
    for dropped, known in texts:
        items = {host_key(n): item for n, item in read_record(known).get("members", {}).items()}
        places = {
            name: (item["number"], item.get("machine_id"))
            for name, item in items.items()
            if not item.get("passed_on")
        }
        unknown = {name: place for name, place in going.items() if name not in items}
        own = numbers_of_answering(cluster, observed, {**places, **unknown})
        told.append({item["number"] for item in read_record(dropped).get("hosts", [])} | own)
    return set.intersection(*told) if told else set()


def _going(cluster: Cluster, observed: Observed) -> Mapping[str, tuple[int, object]]:
    """Number and machine of hosts that are to be out: what counts of those without a record."""
    out, reached = left_members(cluster), observed.whole.answering_hosts()
    listed = kernel_places(cluster, observed)
    return {
        host_key(m.name): (m.number, facts.identity.machine_id)
        for m in cluster.members
        if m.name in out and m.number is not None and (m.number, host_key(m.name)) in listed
        if (facts := reached.get(m.name)) and not isinstance(facts.identity, Unknown)
    }


def numbers_of_answering(
    cluster: Cluster, observed: Observed, places: Mapping[str, tuple[int, object]]
) -> frozenset[int]:
    """The numbers on record under which nobody can have beaten but a machine that answers.

    ``places`` are number and machine id by ``host_key``. Everybody who had the number must
    answer as the very machine, also whom only a kernel's list has under it: one who does not may
    be paused. Clones of one template have one machine id: then it says nothing. It counts
    whoever answers, also a host that left and has nothing of the cluster any more; but nobody of
    whom it is not known that what it may have mounted is not ours.
    """
    reached = observed.whole.answering_hosts()
    machines = [
        (host_key(name), facts.identity.machine_id)
        for name, facts in reached.items()
        if not isinstance(facts.identity, Unknown) and _tells_mounts(cluster, name, facts)
    ]
    count = Counter(machine for _, machine in machines)
    here = {name: machine for name, machine in machines if machine and count[machine] == 1}
    owners = {(number, name) for name, (number, _) in places.items()}
    owners |= {
        (node.number, node.name)
        for facts in reached.values()
        if not isinstance(facts.live, Unknown)
        for node in facts.live.nodes(cluster.name)
    }
    proven: dict[int, list[str]] = {}
    for known, (number, machine) in places.items():
        if known in here and here[known] == machine:
            proven.setdefault(number, []).append(known)
    lost = {
        number
        for number, name in owners
        if not any(is_same_host(name, known) for known in proven.get(number, ()))
    }
    return frozenset(number for number, _ in places.values()) - lost


def _tells_mounts(cluster: Cluster, name: str, facts: HostFacts) -> bool:
    """Whether it is known which volumes of ours a host has mounted.

    A host of which nothing is of this cluster is known by the devices that are looked for alone:
    it may have mounted one of ours by another.
    """
    if isinstance(facts.mounts, Unknown):
        return False
    is_gone = any(m.role == GONE for m in cluster.members if m.name == name)
    return not facts.mounts or not (is_gone or isinstance(facts.live, Unknown))


def read_left(item: Mapping[str, Any]) -> tuple[LeftBlock, ...]:
    """The blocks that a member of the record left; ValueError or TypeError if it is garbled."""
    found = tuple((uuid, number, block) for uuid, number, block in item.get("left", ()))
    for uuid, number, block in found:
        if type(number) is not int or not isinstance(uuid, str) or not isinstance(block, str):
            raise ValueError(f"not a heartbeat block: {uuid!r:.64} {number!r:.64}")
    return found


def record_text_of(cluster: Cluster, facts: HostFacts, name: str) -> str:
    """A record as a host has it; that of one who has none, or cannot be read, says nothing."""
    if isinstance(facts.records, Unknown):
        return "{}"
    return record(facts, cluster.name, name).text or "{}"


def read_record(text: str) -> Mapping[str, Any]:
    """A record; one that is garbled, which its own check refuses, explains nothing."""
    try:
        told = json.loads(text)
        numbers = [item["number"] for item in told.get("hosts", [])]
        for item in told.get("members", {}).values():
            numbers.append(item["number"])
            read_left(item)
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return {}
    return told if all(isinstance(number, int) for number in numbers) else {}

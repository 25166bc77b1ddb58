"""Whose heartbeat stands on a volume, and what of it a command may find there (manual ocfs2, 4).

A block with a generation is a host that has the volume mounted, or that never left it. That it
stands still proves nothing of a host that nobody lists: it may be paused, and go on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.attested_blocks import read_blocks, record_text
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import has_mounted, ref, view_of
from reconciler.model.gate_call import ANY
from reconciler.model.host_names import host_key, is_same_host
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import Beat, HostFacts, Observed, Unknown, WantedDevice
from reconciler.model.records import record
from reconciler.model.roles import (
    GONE,
    confirmed_members,
    left_members,
    mounting_it,
    restrict_to,
    staying,
)

# The record on the members of who was dropped without having been cleaned.
QUARANTINE = "quarantine.json"
# The record on the members of everybody's number.
MEMBERS = "members.json"

# A block as it stands since its machine answered without it: file system's UUID, number, block.
LeftBlock = tuple[str, int, str]


def is_left(beat: Beat) -> bool:
    """Whether a block is not that of a clean leave."""
    return int(beat.generation, 16) != 0


@once_each()
def heartbeat_view(cluster: Cluster, volume: Volume, observed: Observed) -> WantedDevice | None:
    """The volume with its heartbeats, as the first member in the file that could read them."""
    for facts in restrict_to(observed, staying(cluster)).answering_hosts().values():
        if isinstance(facts.wanted, Unknown):
            continue
        view = view_of(facts, ref(volume))
        if view is not None and view.beats is not None:
            return view
    return None


def own_numbers(cluster: Cluster, facts: HostFacts) -> tuple[int, ...]:
    """The number that a host has in its running kernel."""
    if isinstance(facts.live, Unknown):
        return ()
    return tuple(node.number for node in facts.live.nodes(cluster.name) if node.local)


def numbers_mounting(cluster: Cluster, volume: Volume, facts: HostFacts) -> tuple[int, ...]:
    """The number under which a host mounts the volume, if it does."""
    if isinstance(facts.mounts, Unknown) or isinstance(facts.wanted, Unknown):
        return ()
    return own_numbers(cluster, facts) if has_mounted(facts, ref(volume)) else ()


@once_each()
def listed_numbers(cluster: Cluster, observed: Observed) -> frozenset[int]:
    """The numbers of the file's members, and those that hosts which answered still have.

    Who is in quarantine was attested dead when it was dropped, and is on record since. A number
    that a host which answers had before, by the members' record, is its own leftover; so is that
    of a host which is to be out.
    """
    out = left_members(cluster)
    filed = {m.number for m in cluster.members if m.number is not None and m.name not in out}
    elsewhere = {m.name for m in cluster.members if m.role == GONE}
    now = {
        n
        for name, facts in observed.whole.answering_hosts().items()
        if name not in elsewhere
        for n in own_numbers(cluster, facts)
    }
    return frozenset(filed | now | _remembered(cluster, observed))


def _remembered(cluster: Cluster, observed: Observed) -> set[int]:
    """The numbers in the members' records of quarantine, and of hosts that answer.

    Only what every member that is in the cluster by now has on record: a host that joins brings
    records of another life.
    """
    texts = {  # mostly all remember the same
        (_text(cluster, facts, QUARANTINE), _text(cluster, facts, MEMBERS))
        for facts in confirmed_members(cluster, observed).values()
    }
    going = _going(cluster, observed)
    told: list[set[int]] = []
    for dropped, known in texts:
        items = {host_key(n): item for n, item in _read(known).get("members", {}).items()}
        places = {
            name: (item["number"], item.get("machine_id"))
            for name, item in items.items()
            if not item.get("passed_on")
        }
        unknown = {name: place for name, place in going.items() if name not in items}
        own = numbers_of_answering(cluster, observed, {**places, **unknown})
        told.append({item["number"] for item in _read(dropped).get("hosts", [])} | own)
    return set.intersection(*told) if told else set()


def _going(cluster: Cluster, observed: Observed) -> Mapping[str, tuple[int, object]]:
    """Number and machine of hosts that are to be out: what counts of those without a record."""
    out, reached = left_members(cluster), observed.whole.answering_hosts()
    listed = {
        (node.number, host_key(node.name))
        for facts in reached.values()
        if not isinstance(facts.live, Unknown)
        for node in facts.live.nodes(cluster.name)
    }
    return {
        host_key(m.name): (m.number, facts.identity.machine_id)
        for m in cluster.members
        if m.name in out and m.number is not None
        if (facts := reached.get(m.name)) and not isinstance(facts.identity, Unknown)
        if (m.number, host_key(m.name)) in listed
    }


def numbers_of_answering(
    cluster: Cluster, observed: Observed, places: Mapping[str, tuple[int, object]]
) -> frozenset[int]:
    """The numbers on record under which nobody can have beaten but a machine that answers.

    ``places`` are number and machine id by ``host_key``. Everybody who had the number must
    answer as the very machine, also whom only a kernel's list has under it: one who does not may
    be paused. Clones of one template have one machine id: then it says nothing. It counts
    whoever answers, also a host that left and has nothing of the cluster any more.
    """
    reached = observed.whole.answering_hosts()
    machines = [
        (host_key(name), facts.identity.machine_id)
        for name, facts in reached.items()
        if not isinstance(facts.identity, Unknown) and not isinstance(facts.mounts, Unknown)
        if not (facts.mounts and isinstance(facts.live, Unknown))
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


@once_each()
def left_blocks(cluster: Cluster, volume: Volume, observed: Observed) -> Mapping[int, str]:
    """The blocks on a volume of which the members' records know the machine that left them.

    It answered since, under another number or on its way out, and the block is the very same.
    """
    view = heartbeat_view(cluster, volume, observed)
    if view is None or view.superblock is None:
        return {}
    texts = {
        _text(cluster, facts, MEMBERS)
        for facts in confirmed_members(cluster, observed).values()
    }
    told = {
        block
        for text in texts
        for item in _read(text).get("members", {}).values()
        for block in read_left(item)
    }
    uuid, live = view.superblock.uuid, view.advancing or ()
    return {
        beat.node: beat.block
        for beat in view.beats or ()
        if is_left(beat) and beat.node not in live and (uuid, beat.node, beat.block) in told
    }


def read_left(item: Mapping[str, Any]) -> tuple[LeftBlock, ...]:
    """The blocks that a member of the record left; ValueError or TypeError if it is garbled."""
    found = tuple((uuid, number, block) for uuid, number, block in item.get("left", ()))
    for uuid, number, block in found:
        if type(number) is not int or not isinstance(uuid, str) or not isinstance(block, str):
            raise ValueError(f"not a heartbeat block: {uuid!r:.64} {number!r:.64}")
    return found


def _text(cluster: Cluster, facts: HostFacts, name: str) -> str:
    """A record as a host has it; that of one who has none, or cannot be read, says nothing."""
    if isinstance(facts.records, Unknown):
        return "{}"
    return record(facts, cluster.name, name).text or "{}"


def _read(text: str) -> Mapping[str, Any]:
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


@once_each()
def beside_mounts(cluster: Cluster, volume: Volume, observed: Observed) -> str:
    """What a command may find while members have the volume, or get it: theirs go on."""
    reached = observed.answering_hosts()
    shall = set(mounting_it(cluster, volume)) & reached.keys()
    numbers = {m.number for m in cluster.members if m.name in shall and m.number is not None}
    numbers |= _mounted_now(cluster, volume, observed)
    frozen = _frozen(cluster, volume, observed, frozenset(numbers))
    return ",".join([*map(str, sorted(numbers)), *frozen]) or ANY


@once_each()
def alone(cluster: Cluster, volume: Volume, observed: Observed) -> str:
    """What a command may find that needs the volume unmounted everywhere: leftovers only."""
    apart = _mounted_now(cluster, volume, observed)
    return ",".join(_frozen(cluster, volume, observed, apart)) or ANY


def _mounted_now(cluster: Cluster, volume: Volume, observed: Observed) -> frozenset[int]:
    reached = observed.whole.answering_hosts().values()
    return frozenset(n for f in reached for n in numbers_mounting(cluster, volume, f))


def _frozen(
    cluster: Cluster, volume: Volume, observed: Observed, apart: frozenset[int]
) -> Iterator[str]:
    """Every leftover that is accounted for, with the block that it must still be."""
    view = heartbeat_view(cluster, volume, observed)
    if view is None or view.advancing is None:
        return
    listed = listed_numbers(cluster, observed)
    exact = {
        **left_blocks(cluster, volume, observed),
        **accepted_blocks(cluster, volume, observed),
    }
    for beat in view.beats or ():
        if not is_left(beat) or beat.node in apart or beat.node in view.advancing:
            continue
        if beat.node in listed:
            yield f"{beat.node}~{beat.block}"
        elif exact.get(beat.node) == beat.block:
            yield f"{beat.node}={beat.block}"


def accepted_blocks(cluster: Cluster, volume: Volume, observed: Observed) -> Mapping[int, str]:
    """The attested blocks of a volume, each as it must be.

    That is as the members have it on record, all of them alike; else as two samples saw it.
    """
    view = heartbeat_view(cluster, volume, observed)
    if view is None or view.superblock is None:
        return {}
    found = {}
    for item in cluster.heartbeat.attested:
        known = _recorded(cluster, observed, view.superblock.uuid, item.number)
        if len(known) == 1:
            found[item.number] = next(iter(known))
        elif not known and (block := _still(view, item.number)):
            found[item.number] = block
    return found


def _recorded(cluster: Cluster, observed: Observed, uuid: str, number: int) -> frozenset[str]:
    """What the members remember of a block; two where they do not agree."""
    reached = restrict_to(observed, staying(cluster)).answering_hosts().values()
    try:
        told = [read_blocks(record_text(cluster, facts)) for facts in reached]
    except ValueError:  # refused by the record's own check; until then nothing is accepted
        return frozenset({"", "garbled"})
    return frozenset(t[uuid][number] for t in told if number in t.get(uuid, {}))


def _still(view: WantedDevice, number: int) -> str:
    """A block that stands still, seen twice."""
    for beat in view.beats or ():
        if beat.node == number and is_left(beat) and view.advancing is not None:
            return "" if number in view.advancing else beat.block
    return ""

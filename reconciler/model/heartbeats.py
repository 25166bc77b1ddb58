"""Whose heartbeat stands on a volume, and what of it a command may find there (manual ocfs2, 4).

A block with a generation is a host that has the volume mounted, or that never left it. That it
stands still proves nothing of a host that nobody lists: it may be paused, and go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.attested_blocks import read_blocks, record_text
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import has_mounted, ref, view_of
from reconciler.model.gate_call import ANY
from reconciler.model.heartbeat_owners import (
    MEMBERS,
    listed_numbers,
    own_numbers,
    read_left,
    read_record,
    record_text_of,
)
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import Beat, HostFacts, Observed, Unknown, WantedDevice
from reconciler.model.roles import (
    confirmed_members,
    mounting_it,
    restrict_to,
    staying,
)


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


def numbers_mounting(cluster: Cluster, volume: Volume, facts: HostFacts) -> tuple[int, ...]:
    """The number under which a host mounts the volume, if it does."""
    if isinstance(facts.mounts, Unknown) or isinstance(facts.wanted, Unknown):
        return ()
    return own_numbers(cluster, facts) if has_mounted(facts, ref(volume)) else ()


@once_each()
def left_blocks(cluster: Cluster, volume: Volume, observed: Observed) -> Mapping[int, str]:
    """The blocks on a volume of which the members' records know the machine that left them.

    It answered since, under another number or on its way out, and the block is the very same.
    """
    view = heartbeat_view(cluster, volume, observed)
    if view is None or view.superblock is None:
        return {}
    texts = {
        record_text_of(cluster, facts, MEMBERS)
        for facts in confirmed_members(cluster, observed).values()
    }
    told = {
        block
        for text in texts
        for item in read_record(text).get("members", {}).values()
        for block in read_left(item)
    }
    uuid, live = view.superblock.uuid, view.advancing or ()
    return {
        beat.node: beat.block
        for beat in view.beats or ()
        if is_left(beat) and beat.node not in live and (uuid, beat.node, beat.block) in told
    }


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

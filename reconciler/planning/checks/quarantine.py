"""Whether a host in quarantine could come back: then the change is refused (I32).

A host that returns with its old list is refused by the kernel of any node on that list that
has the volume mounted under the same number: it does not know the returning one any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.addresses import member_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import ref, view_of
from reconciler.model.heartbeats import heartbeat_view, is_left, left_blocks
from reconciler.model.host_names import host_key
from reconciler.model.observed import Observed, Unknown
from reconciler.model.outcome import Blocked
from reconciler.model.roles import LISTED, mounting_it
from reconciler.planning.resolve.numbering import (
    heartbeats,
    live_nodes,
    owned_numbers,
    reserved_numbers,
)
from reconciler.resources.quarantine.changes import quarantine_candidates
from reconciler.resources.quarantine.entries import Entry

# A joiner's number is nobody's: what beats under it is somebody else's heartbeat.
OTHERS = "give the member another number; who left that heartbeat stays unknown"
REMEDY = (
    "power it on while they are there and let it be evicted (state: absent), or take the LUN "
    "from it and attest lun_access: revoked"
)


def stale_host_violations(
    cluster: Cluster, found: Sequence[Entry], before: Observed, after: Observed
) -> Iterator[Blocked]:
    """Refuse a step after which nobody of a quarantined host's last list keeps it out."""
    for volume in cluster.volumes:
        was, now = _mounters(cluster, volume, before), _mounters(cluster, volume, after)
        if not was and not now:
            continue
        for entry in found:
            keepers = _keepers(entry, was) & _keepers(entry, now)
            if not keepers and (_keepers(entry, was) or not _keepers(entry, now)):
                yield Blocked(
                    "stale-host-could-return",
                    member_address(entry.name),
                    f"{entry.name} was dropped without having been cleaned, and nobody of its "
                    f"last list ({_words(entry)}) would keep {volume.label} mounted: powered "
                    "on, it would mount it by itself and replay a live journal",
                    REMEDY,
                )


def forgotten_lists(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse mounts while nobody can tell which members would keep a dead host out."""
    known = {host_key(entry.name) for entry in quarantine_candidates(cluster, observed)}
    if not any(mounting_it(cluster, volume) for volume in cluster.volumes):
        return
    for item in cluster.members:
        if item.role == "dead" and not item.is_revoked and host_key(item.name) not in known:
            yield Blocked(
                "stale-host-could-return",
                member_address(item.name),
                f"{item.name} is dead and still has access to the LUNs, and no member remembers "
                "its last node list: powered on, it could mount a volume by itself and replay a "
                "live journal",
                f"{REMEDY}; if it never was a member or has left cleanly, take it out of the file",
            )


def taken_numbers(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse to give a member the number of a host in quarantine."""
    numbers = reserved_numbers(cluster, observed)
    for item in cluster.members:
        number = item.number if item.role in LISTED else None
        if number is not None and number in numbers:
            name = numbers[number]
            yield Blocked(
                "stale-host-could-return",
                member_address(name),
                f"{item.name} would get node number {item.number} of {name}, which is in "
                "quarantine and would write to the same heartbeat block",
                REMEDY,
            )


def taken_blocks(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse to give a member a number under which somebody unknown has left a heartbeat."""
    foreign = heartbeats(cluster, observed) - owned_numbers(cluster, observed)
    foreign -= _left_numbers(cluster, observed)
    for item in cluster.members:
        if item.role in LISTED and item.number in foreign:
            yield Blocked(
                "foreign-heartbeat",
                member_address(item.name),
                f"{item.name} would get node number {item.number}, under which another host has "
                "a heartbeat on a volume",
                OTHERS,
            )


def _left_numbers(cluster: Cluster, observed: Observed) -> frozenset[int]:
    """Numbers under which nothing is but blocks whose machines are known, and answered since."""
    found: set[int] = set()
    others = {item.number for item in cluster.heartbeat.attested}
    for volume in cluster.volumes:
        view = heartbeat_view(cluster, volume, observed)
        left = left_blocks(cluster, volume, observed)
        found |= left.keys()
        beats = (view.beats if view else None) or ()
        others |= {beat.node for beat in beats if is_left(beat)} - left.keys()
    return frozenset(found - others)


def _mounters(
    cluster: Cluster, volume: Volume, observed: Observed
) -> Mapping[tuple[int, str], str]:
    """Number and lower-case name of every host that has the volume mounted."""
    found = {}
    for host, facts in observed.answering_hosts().items():
        if isinstance(facts.wanted, Unknown) or isinstance(facts.mounts, Unknown):
            continue
        view = view_of(facts, ref(volume))
        if view is not None and view.device in {mount.device for mount in facts.mounts}:
            for node in live_nodes(cluster, facts):
                if node.local:
                    found[node.number, host_key(node.name)] = host
    return found


def _keepers(entry: Entry, mounters: Mapping[tuple[int, str], str]) -> frozenset[str]:
    known_nodes = {(n, host_key(name)) for n, name in entry.nodes if n != entry.number}
    return frozenset(host for place, host in mounters.items() if place in known_nodes)


def _words(entry: Entry) -> str:
    return ", ".join(f"{number} {name}" for number, name in entry.nodes)

"""Who writes to a volume by the evidence on its disk, listed in a file or not.

Heartbeat blocks do not lie (manual ocfs2, 4): a sequence that goes on is a live writer. One that
stands still with a generation is a host that crashed, or that is paused and will go on.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.frozen import frozen
from reconciler.model.addresses import member_address, volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.heartbeat_owners import listed_numbers
from reconciler.model.heartbeats import accepted_blocks, is_left, left_blocks, numbers_mounting
from reconciler.model.heartbeats import heartbeat_view as seen_by
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.observed.system import listed_names
from reconciler.model.outcome import Blocked
from reconciler.model.roles import restrict_to, staying
from reconciler.resources.volumes.changes import describe_device, views
from reconciler.resources.volumes.doubled_numbers import doubled_numbers
from reconciler.resources.volumes.impostors import (
    attestation,
    others_members,
    replaced_machines,
)
from reconciler.resources.volumes.regions import host_with_region


def unexplained_nodes(cluster: Cluster, volume: Volume, observed: Observed) -> frozenset[int]:
    """Nodes with a heartbeat on the volume that no observed member's mount explains."""
    explained = set(_unreached(cluster, observed))
    for facts in observed.answering_hosts().values():
        explained |= set(numbers_mounting(cluster, volume, facts))
    found = {
        beat.node
        for view in views(volume, restrict_to(observed, staying(cluster))).values()
        for beat in view.beats or ()
        if is_left(beat)
    }
    return frozenset(found - explained)


def _unreached(cluster: Cluster, observed: Observed) -> Iterator[int]:
    """The numbers of members that did not answer: they block the cluster by themselves."""
    lost = {host_key(item.host) for item in observed.unreachable()}
    for facts in observed.answering_hosts().values():
        if not isinstance(facts.live, Unknown):
            nodes = facts.live.nodes(cluster.name) if lost else ()
            yield from (node.number for node in nodes if host_key(node.name) in lost)


def doubtful(cluster: Cluster, observed: Observed) -> bool:
    """Whether a second sample is needed to tell a writer from a leftover."""
    readable = {
        name: facts
        for name, facts in observed.hosts.items()
        if not isinstance(facts, HostFacts) or not isinstance(facts.wanted, Unknown)
    }
    return any(
        unexplained_nodes(cluster, volume, Observed(readable)) for volume in cluster.volumes
    )


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse volumes that a host outside the observed members writes to, or may."""
    yield from _unseen(cluster, observed)
    for volume in cluster.volumes:
        yield from doubled_numbers(cluster, volume, observed)
        seen = [
            v
            for v in views(volume, restrict_to(observed, staying(cluster))).values()
            if v.superblock
        ]
        if any(view.beats is None for view in seen):
            yield _unread(volume)
            continue
        once = any(view.advancing is None for view in seen)
        live = {n for view in seen for n in view.advancing or ()}
        nodes = unexplained_nodes(cluster, volume, observed)
        perhaps = _perhaps(cluster, observed)
        looks = _Looks(nodes & live, nodes if once else frozenset(), perhaps)
        yield from _listed_ones(cluster, volume, observed, looks)
        yield from _strangers(cluster, volume, observed, looks)
        listed = listed_numbers(cluster, observed)  # of others it is told as of strangers
        silent = (nodes - live) & listed
        yield from replaced_machines(cluster, volume, observed, silent)
        yield from others_members(cluster, volume, observed, silent)
        yield from _recovering(cluster, volume, observed, nodes & live)


@frozen
class _Looks:
    """Of the heartbeats that no mount explains those that go on, and those seen only once.

    ``perhaps`` says whose they may be.
    """

    live: frozenset[int]
    once: frozenset[int]
    perhaps: str

    def words(self, node: int) -> str:
        """Who it is, as far as anybody knows."""
        return f"node {node}, which no member's mount explains{self.perhaps},"


def _listed_ones(
    cluster: Cluster, volume: Volume, observed: Observed, looks: _Looks
) -> Iterator[Blocked]:
    """A member that died stands still; one that answers and has nothing mounted does, too."""
    listed = listed_numbers(cluster, observed)
    attested = {
        m.number: (m.name, m.role) for m in cluster.members if m.role in {"offline", "dead"}
    }
    for node in sorted(looks.live & listed):
        if node in attested:
            yield _alive(volume, node, *attested[node])
        else:
            host = host_with_region(cluster, volume, observed, node)
            yield _beating(volume, looks.words(node), host)
    for node in sorted(looks.once & listed):
        yield _foreign(volume, f"{looks.words(node)} left a heartbeat, seen only once")


def _strangers(
    cluster: Cluster, volume: Volume, observed: Observed, looks: _Looks
) -> Iterator[Blocked]:
    """Silence is not death: whom nobody lists may be paused, and go on."""
    known = accepted_blocks(cluster, volume, observed)
    view = seen_by(cluster, volume, observed)
    claimed = {item.number for item in cluster.heartbeat.attested}
    listed = listed_numbers(cluster, observed)
    blocks = {beat.node: beat.block for beat in (view.beats if view else None) or ()}
    left = left_blocks(cluster, volume, observed)
    for node in sorted(unexplained_nodes(cluster, volume, observed) - listed):
        if node in looks.live:
            host = host_with_region(cluster, volume, observed, node)
            yield _beating(volume, looks.words(node), host)
        elif node in looks.once:
            yield _foreign(volume, f"{looks.words(node)} left a heartbeat, seen only once")
        elif node in claimed and known.get(node) != blocks.get(node):
            yield _changed(volume, node)
        elif node not in claimed and node not in left:
            yield _unattested(volume, node, looks.words(node))


def _unseen(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Without a volume in the file no heartbeat is looked at: nobody is believed dead."""
    names = _listed(cluster, observed) if not cluster.volumes else frozenset()
    for item in cluster.members:
        if item.role == "dead" and not item.is_revoked and host_key(item.name) in names:
            yield Blocked(
                "heartbeat-advances",
                member_address(item.name),
                f"the file names no volume on which the heartbeat of {item.name} could be seen "
                "to have ended",
                "name the cluster's volumes in the file, or attest lun_access: revoked",
            )


def _alive(volume: Volume, node: int, name: str, state: str) -> Blocked:
    return Blocked(
        "heartbeat-advances",
        member_address(name),
        f"{name} is attested {state}, but node {node} writes its heartbeat to "
        f"{describe_device(volume)} now",
        f"power {name} off for certain, or take the attestation back",
    )


def _recovering(
    cluster: Cluster, volume: Volume, observed: Observed, alive: frozenset[int]
) -> Iterator[Blocked]:
    """A dead member holds its slot until those who mount the volume have recovered it."""
    stays = restrict_to(observed, staying(cluster))
    if not any(
        numbers_mounting(cluster, volume, facts) for facts in stays.answering_hosts().values()
    ):
        return
    listed_now = _listed(cluster, observed)
    maps = [v.slot_map for v in views(volume, stays).values() if v.slot_map is not None]
    held = {slot.node for slots in maps for slot in slots} - alive
    for item in cluster.members:
        if item.role != "dead" or host_key(item.name) not in listed_now:
            continue
        if not maps:
            yield _slots_unread(volume, item.name)
        elif item.number in held:
            yield Blocked(
                "recovery-unfinished",
                member_address(item.name),
                f"{item.name} (node {item.number}) still has a slot of {describe_device(volume)}: the "
                "survivors have not recovered it yet",
                "wait until it is evicted (about 80 s after its death with the default "
                "timeouts), then plan again",
            )


def _slots_unread(volume: Volume, name: str) -> Blocked:
    return Blocked(
        "recovery-unfinished",
        member_address(name),
        f"the slots of {describe_device(volume)} could not be read: nobody knows whether the survivors "
        f"have recovered {name}",
        "see whether debugfs.ocfs2 -R slotmap reads it on a member, then plan again",
    )


def _listed(cluster: Cluster, observed: Observed) -> frozenset[str]:
    """The names on any running kernel's list."""
    return frozenset[str]().union(
        *(
            listed_names(facts.live.nodes(cluster.name))
            for facts in observed.answering_hosts().values()
            if not isinstance(facts.live, Unknown)
        )
    )


def _perhaps(cluster: Cluster, observed: Observed) -> str:
    """The members that did not answer, or not with all, and whose number nobody knows."""
    names = {host_key(member.name): member.name for member in cluster.members}
    lost = {host_key(item.host) for item in observed.unreachable()} & names.keys()
    lost -= _listed(cluster, observed) if lost else set()
    words = ", ".join(sorted(names[name] for name in lost))
    return f" (perhaps {words}, not read now)" if words else ""


def _beating(volume: Volume, who: str, host: str) -> Blocked:
    now = f"{who} writes its heartbeat to it now"
    if not host:
        return _foreign(volume, now)
    return Blocked(
        "foreign-heartbeat",
        volume_address(volume.label),
        f"{describe_device(volume)}: {now}: it is {host}, whose kernel has it as a heartbeat region",
        "global heartbeat beats without a mount, and so do a tool at work on it, perhaps of an "
        f"earlier run, and a mount that umount -l hid: wait for that on {host} or end it, then plan "
        "again",
    )


def _foreign(volume: Volume, message: str) -> Blocked:
    return Blocked(
        "foreign-heartbeat",
        volume_address(volume.label),
        f"{describe_device(volume)}: {message}",
        "find the host that has it mounted (mounted.ocfs2 -f on a member shows slots) and "
        "unmount it there, or make it a member",
    )


def _unattested(volume: Volume, node: int, who: str) -> Blocked:
    return Blocked(
        "foreign-heartbeat",
        volume_address(volume.label),
        f"{describe_device(volume)}: {who} has left a heartbeat there: its host may only be paused",
        "find that host and unmount the volume there. Only if it is known to be gone for good, "
        f"say so in the file, under the cluster: {attestation(node)}",
    )


def _changed(volume: Volume, node: int) -> Blocked:
    return Blocked(
        "foreign-heartbeat",
        volume_address(volume.label),
        f"{describe_device(volume)}: the heartbeat block of node {node} is not as it was when it was "
        "attested: its host has written to the volume since",
        "find that host and unmount the volume there; then take the attestation out of the file",
    )


def _unread(volume: Volume) -> Blocked:
    return Blocked(
        "heartbeat-unread",
        volume_address(volume.label),
        f"{describe_device(volume)}: its heartbeat area could not be read, so nobody knows who has it",
        "see what the kernel logged of the device, and whether debugfs.ocfs2 reads it",
    )

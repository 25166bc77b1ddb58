"""Growth: backing, every path, map, partition, all kernels, then the file system.

A device that is larger than its file system is a safe place to stop; the reverse damages it
(manual ocfs2, 3). So the file system grows last, after every member's kernel has shown the room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.model.addresses import extend_address, parse_address, volume_address
from reconciler.model.desired import Cluster
from reconciler.model.devices import disk_target, mount_subject, target
from reconciler.model.heartbeat_lists import wait_seconds
from reconciler.model.heartbeats import beside_mounts
from reconciler.model.observed import Observed
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.quantities import format_size
from reconciler.resources.growth.offline import OfflineWindow
from reconciler.resources.growth.offline import work as work_unmounted
from reconciler.resources.growth.room import Room, describe_size
from reconciler.resources.growth.sizes import file_system_bytes, growth, serving_members

# tunefs.ocfs2 writes one group descriptor for each new group; minutes for many TiB.
GROW_TIMEOUT = 1800.0


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Volumes smaller than the file says, kernels that see a smaller device, slots."""
    for volume in cluster.volumes:
        due = work_unmounted(cluster, volume, observed)
        if due is not None and due.slots:
            where = volume_address(volume.label, "slots")
            because = "the file and its members need more slots"
            yield Change(where, due.worker, "disk", due.block.slots, due.slots, because)
        if due is not None and due.label:
            where, because = (
                volume_address(volume.label, "label"),
                "the file wants another label",
            )
            yield Change(where, due.worker, "disk", due.block.label, due.label, because)
        if due is not None and due.interrupted:
            where = volume_address(volume.label, "check")
            because = "tunefs.ocfs2 was interrupted: before anything else it is checked"
            yield Change(where, due.worker, "disk", "interrupted", "checked", because)
        work = growth(cluster, volume, observed)
        if work is None:
            continue
        where = volume_address(volume.label, "size")
        if work.grows:
            because = f"the file wants {describe_size(volume)}"
            yield Change(
                where,
                work.worker,
                "disk",
                file_system_bytes(work.block),
                work.goal.size,
                because,
            )
            continue
        for host in dict.fromkeys((*work.rescans, *work.rereads)):
            size = work.layers[host].node.size
            because = f"{host} sees a smaller device than others"
            yield Change(
                extend_address(where, host), host, "kernel", size, work.goal.device, because
            )


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """What each layer lacks, a barrier, then the file system once."""
    labels = {parse_address(change.address).name for change in changes}
    for volume in (v for v in cluster.volumes if v.label in labels):
        due = work_unmounted(cluster, volume, observed)
        if due is not None:
            window = OfflineWindow(cluster, volume, observed, due)
            yield from window.backup()
            if due.checked:
                yield window.check("check-file-system")
            yield from window.slots()
            yield from window.label()
        work = growth(cluster, volume, observed)
        if work is None:
            continue
        room = Room(cluster, volume, observed, work)
        yield from room.actions()
        if due is not None and due.growth is not None:
            window = OfflineWindow(cluster, volume, observed, due)
            yield _grow_unmounted(room, window)
            yield window.check("check-grown")
        elif work.grows:
            yield _grow_mounted(room)


def _grow_unmounted(room: Room, window: OfflineWindow) -> Action:
    """The file system, while nobody has it mounted."""
    work, volume = room.work, room.volume
    words = ("grow-fs", str(work.goal.blocks), "unmounted")
    action = window.action(
        "grow-unmounted",
        f"grow the file system {volume.label} to {format_size(work.goal.size)}",
        window.command(*words, timeout=GROW_TIMEOUT),
    )
    size = str(work.goal.size)
    return replace(
        action,
        requires=(*action.requires, *room.facts(), *window.backup_proof()),
        expects=(Fact(room.hosts, "file-system-size", room.ref, size),),
        irreversible=True,
    )


def _grow_mounted(room: Room) -> Action:
    """The file system, while everybody has it mounted."""
    work, host, volume = room.work, room.work.worker, room.volume
    beats = beside_mounts(room.cluster, volume, room.observed)
    facts = room.observed.answering_hosts()[host]
    device = target(facts, volume, work.block.uuid, beats) or disk_target(facts, volume)
    patience = GROW_TIMEOUT + wait_seconds(room.cluster, volume, room.observed, beats)
    stays = serving_members(room.cluster, volume, room.observed)
    mounts = tuple(h for h in room.hosts if h in stays)
    size = str(work.goal.size)
    action = room.action(
        "grow-file-system",
        host,
        f"grow the file system {volume.label} to {format_size(work.goal.size)}, mounted",
        gate_command(
            *("grow-fs", str(work.goal.blocks), "mounted"), target=device, timeout=patience
        ),
    )
    return replace(
        action,
        requires=(
            *room.facts(),
            Fact((host,), "heartbeats", f"{room.ref} {beats}", "explained"),
            Fact((host,), "file-system-uuid", room.ref, work.block.uuid),
            Fact(mounts, "serving", mount_subject(volume), "mounted"),
        ),
        expects=(
            Fact(room.hosts, "file-system-size", room.ref, size),
            Fact(mounts, "mounted-size", volume.mount.path, size),
        ),
        irreversible=True,
    )

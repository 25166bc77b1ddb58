"""How large each layer of a volume is, and how large it shall be: arithmetic, nothing else.

Sizes are bytes, ``start`` and ``end`` sectors of 512 bytes as the kernel counts them.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.frozen import frozen
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import disk_of, has_mounted, ref, view_of, whole_disk
from reconciler.model.digits import is_number
from reconciler.model.observed import Disk, Observed, Superblock, WantedDevice, require
from reconciler.model.roles import is_withdrawn, mounting, restrict_to, staying

SECTOR = 512
MIB = 1 << 20
# Alignment at both ends of a partition, the backup GPT, less than one cluster (1 MiB at most).
SLACK = 4 * MIB
# The backup of a GPT takes the last 33 sectors; partitions end on whole MiB.
TAIL = MIB
# ocfs2_fs.h: OCFS2_FEATURE_INCOMPAT_RESIZE_INPROG, OCFS2_FEATURE_INCOMPAT_TUNEFS_INPROG.
IN_PROGRESS = 0x4 | 0x20


@frozen
class Layers:
    """A volume's device on one host: the whole disk, its paths, and what is formatted.

    ``limit`` is where the next partition begins, in bytes.
    """

    disk: Disk
    paths: tuple[Disk, ...]
    node: Disk
    needs_rescan: bool
    limit: int | None

    @property
    def smallest(self) -> int:
        """What every layer of the disk has, as the kernel knows it."""
        return min(layer.size for layer in (self.disk, *self.paths))

    @property
    def reported_capacity(self) -> int:
        """What the disk says of itself, else what the kernel knows of it."""
        return self.smallest if self.disk.capacity is None else self.disk.capacity

    @property
    def start(self) -> int:
        """Where the file system's device begins on the disk, in bytes."""
        return (self.node.start or 0) * SECTOR


@frozen
class Goal:
    """What a grown volume has: the whole disk, the partition's last sector, the device, and
    the blocks and bytes of the file system. ``end`` is None without a partition."""

    disk: int
    end: int | None
    device: int
    blocks: int
    size: int


@frozen
class Growth:
    """What is missing to a goal, and where; ``worker`` does what is done once.

    ``disk`` is what every kernel has to see of the disk: also what one of them sees already.
    """

    goal: Goal
    disk: int
    layers: Mapping[str, Layers]
    block: Superblock
    worker: str
    grows: bool
    backing: bool
    rescans: tuple[str, ...]
    partition: bool
    rereads: tuple[str, ...]


def layers(volume: Volume, observed: Observed) -> Mapping[str, Layers]:
    """The layers on every host that sees the volume's file system."""
    found = {}
    for host, facts in observed.answering_hosts().items():
        view = view_of(facts, ref(volume))
        disk = whole_disk(facts, view) if view else None
        node = disk_of(facts, view) if view else None
        if view is None or disk is None or node is None or view.superblock is None:
            continue
        paths = tuple(d for d in require(facts.disks) if d.name in disk.slaves)
        if not (disk.dm_uuid or "").startswith("mpath-"):
            paths = ()
        tools = require(facts.packages).commands
        limit = _next_start(require(facts.disks), disk, node)
        found[host] = Layers(disk, paths, node, _is_blind(disk, paths, tools), limit)
    return found


def _next_start(disks: tuple[Disk, ...], disk: Disk, node: Disk) -> int | None:
    starts = [d.start for d in disks if d.parent == disk.name and d.start is not None]
    later = [start for start in starts if node.start is not None and start > node.start]
    return min(later) * SECTOR if later else None


def _is_blind(disk: Disk, paths: tuple[Disk, ...], tools: tuple[str, ...]) -> bool:
    """Whether only a rescan could tell that the disk has grown: SCSI without sg_readcap."""
    scsi = any(layer.name.startswith("sd") for layer in (disk, *paths))
    return scsi and "sg_readcap" not in tools


def file_system_bytes(block: Superblock) -> int:
    """The bytes of a file system."""
    return block.clusters * block.cluster_size


def in_progress(block: Superblock) -> bool:
    """Whether a resize or another change of tunefs.ocfs2 was interrupted."""
    words = block.incompat.split()
    return bool(words and is_number(words[0]) and int(words[0]) & IN_PROGRESS)


def goal(volume: Volume, found: Mapping[str, Layers], block: Superblock) -> Goal:
    """What the volume shall have: as much of the disk as the file says, of the least view."""
    spoken = [layer.disk.capacity for layer in found.values() if layer.disk.capacity]
    whole = min(spoken or [layer.smallest for layer in found.values()])
    disk = whole if volume.size == "fill" else volume.size
    one = next(iter(found.values()))
    if one.node.partition is None:
        return _goal(disk, None, disk, disk, block)
    ends = [layer.start + layer.node.size for layer in found.values()]
    last = (disk - TAIL) // MIB * MIB
    if volume.size == "fill":  # all that there is, up to the next partition
        last = min([last, *(layer.limit for layer in found.values() if layer.limit)])
    end = max(last, *ends, 0)
    device = end - one.start
    return _goal(disk, end // SECTOR - 1, device, min(device, disk - one.start), block)


def _goal(disk: int, end: int | None, device: int, room: int, block: Superblock) -> Goal:
    size = room // block.cluster_size * block.cluster_size
    return Goal(disk, end, device, size // block.block_size, size)


def growth(cluster: Cluster, volume: Volume, observed: Observed) -> Growth | None:
    """What a volume lacks; None if nothing, or if it cannot be told."""
    if is_withdrawn(volume):
        return None
    found = layers(volume, restrict_to(observed, staying(cluster)))
    blocks = {name: _superblock(volume, observed, name) for name in found}
    block = next(iter(blocks.values()), None)
    if block is None:
        return None
    wish = goal(volume, found, block)
    # What was interrupted is checked first, on a device that everybody sees whole.
    if file_system_bytes(block) + SLACK < wish.size and not in_progress(block):
        return _grown(cluster, volume, observed, Growing(wish, found, block))
    return _catch_up(cluster, volume, observed, Growing(wish, found, block))


def as_it_is(volume: Volume) -> Volume:
    """The volume, of which nothing grows: only kernels that see a smaller device catch up."""
    return volume.model_copy(update={"size": 0})


@frozen
class Growing:
    """A goal, what there is, and the file system now."""

    goal: Goal
    layers: Mapping[str, Layers]
    block: Superblock


def _grown(cluster: Cluster, volume: Volume, observed: Observed, now: Growing) -> Growth:
    wish, found = now.goal, now.layers
    backing = volume.backing is not None and any(
        layer.reported_capacity < wish.disk for layer in found.values()
    )
    ends = {(layer.start + layer.node.size) // SECTOR - 1 for layer in found.values()}
    disk = max(wish.disk, *(layer.smallest for layer in found.values()))
    return Growth(
        wish,
        disk,
        found,
        now.block,
        _worker(cluster, volume, observed, found),
        grows=True,
        backing=backing,
        rescans=tuple(n for n, layer in found.items() if backing or layer.smallest < disk),
        partition=wish.end is not None and max(ends) < wish.end,
        rereads=() if wish.end is None else _short(found, wish.device),
    )


def _catch_up(
    cluster: Cluster, volume: Volume, observed: Observed, now: Growing
) -> Growth | None:
    """The file system is as large as it shall be, but some kernels see a smaller device.

    Perhaps all of those that are asked, where hosts of another file have made it grow; of a
    partition the kernels may be right, and its table cut short.
    """
    found, block = now.layers, now.block
    device = max(layer.node.size for layer in found.values())
    if now.goal.end is None:
        device = max(device, file_system_bytes(block))
    lag = _short(found, device)
    if not lag:
        return None
    wish = now.goal
    whole = wish.end is None
    need = {name: found[name].start + device for name in lag}
    return Growth(
        Goal(max(need.values()), wish.end, device, wish.blocks, file_system_bytes(block)),
        max(need.values()),
        found,
        block,
        _worker(cluster, volume, observed, found),
        grows=False,
        backing=False,
        rescans=tuple(name for name in lag if found[name].smallest < need[name]),
        partition=False,
        rereads=() if whole else lag,
    )


def _short(found: Mapping[str, Layers], device: int) -> tuple[str, ...]:
    return tuple(name for name, layer in found.items() if layer.node.size < device)


def _superblock(volume: Volume, observed: Observed, host: str) -> Superblock | None:
    view: WantedDevice | None = view_of(observed.answering_hosts()[host], ref(volume))
    return view.superblock if view else None


def _worker(
    cluster: Cluster, volume: Volume, observed: Observed, found: Mapping[str, Layers]
) -> str:
    """Who has it mounted and keeps it, else who will, else anybody; in the file's order."""
    reached, stays = observed.answering_hosts(), serving_members(cluster, volume, observed)
    order = [n for n in found if n in stays and has_mounted(reached[n], ref(volume))]
    return [*order, *(n for n in found if n in stays), *found][0]


def serving_members(cluster: Cluster, volume: Volume, observed: Observed) -> tuple[str, ...]:
    """Who has the volume mounted while it grows online: whom an agent mounts it for, now."""
    reached = observed.answering_hosts()
    return tuple(
        name
        for name in mounting(cluster)
        if name in reached
        and (volume.mounted_by != "workload" or has_mounted(reached[name], ref(volume)))
    )

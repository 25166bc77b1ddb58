"""Every reason not to grow a volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.addresses import member_address, volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import disk_path, is_logical, ref, target, view_of
from reconciler.model.observed import Observed, Superblock, require
from reconciler.model.outcome import Blocked, refuse_unshared_lvm
from reconciler.model.quantities import format_size, format_sizes, sizes_on_hosts
from reconciler.model.roles import (
    contacted_members,
    is_withdrawn,
    mounting_it,
    restrict_to,
    staying,
)
from reconciler.resources.growth import backups, offline
from reconciler.resources.growth.sizes import (
    MIB,
    SECTOR,
    SLACK,
    Growth,
    Layers,
    file_system_bytes,
    goal,
    growth,
    layers,
)

TOOLS = ("tunefs.ocfs2",)
PARTITION_TOOLS = ("parted", "partprobe")


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse what would shrink and what cannot grow."""
    stays = restrict_to(observed, staying(cluster))
    for volume in cluster.volumes:
        found = {} if is_withdrawn(volume) else layers(volume, stays)
        if not found:
            continue
        view = view_of(stays.answering_hosts()[next(iter(found))], ref(volume))
        block = view.superblock if view else None
        if block is None:
            continue
        yield from _check_shrink(volume, found, block)
        yield from _check_end(volume, found, block)
        yield from _check_helpers(cluster, volume)
        work = growth(cluster, volume, observed)
        due = offline.work(cluster, volume, observed)
        if due and due.worker not in mounting_it(cluster, volume):  # else refused as a mount
            yield from _check_worker(volume, due.worker, stays)
        if due and due.growth and not offline.is_mounted(volume, observed):
            yield from backups.missing(cluster, volume, block, observed)
        inside = [host for host, layer in found.items() if is_logical(layer.node)]
        if work is not None and inside:
            yield refuse_unshared_lvm(volume, inside[0], "grown")
        elif work is not None:
            yield from _check_writable(volume, work, due)
            yield from _check_views(volume, work)
            yield from _check_room(volume, work)
            yield from _check_tools(work, stays)
            yield from _check_neighbours(volume, work, stays)
            yield from _check_names(volume, work, stays)


def _check_worker(volume: Volume, host: str, observed: Observed) -> Iterator[Blocked]:
    """A tool works on a device by a name that stays."""
    if target(observed.answering_hosts()[host], volume) is None:
        yield Blocked(
            "no-stable-path",
            volume_address(volume.label),
            f"{host} is to work on {volume.label}, and has no lasting name of its device",
            f"see on {host} what udev has under /dev/disk/by-id, or wait for it; then plan again",
        )


def _check_names(volume: Volume, work: Growth, observed: Observed) -> Iterator[Blocked]:
    """The disk beneath a partition is asked for by a name of its own."""
    hosts = {*work.rescans, *work.rereads, *((work.worker,) if work.partition else ())}
    for host in sorted(hosts):
        if disk_path(observed.answering_hosts()[host], volume) is None:
            yield Blocked(
                "no-stable-path",
                volume_address(volume.label),
                f"{host}: the disk {work.layers[host].disk.name} beneath {volume.label} has no "
                "lasting name",
                "name the disk by its WWID in the file, and the partition by its number",
            )


def _check_helpers(cluster: Cluster, volume: Volume) -> Iterator[Blocked]:
    """Commands of the operator's own on members that are not asked, for whatever reason."""
    lvm, own = (volume.backing.lvm, volume.backing.command) if volume.backing else (None, None)
    asked = {m.name for m in contacted_members(cluster)}
    members = {m.name for m in cluster.members}
    for host in sorted({how.host for how in (lvm, own, volume.backup) if how is not None}):
        if host in members - asked:
            yield Blocked(
                "member-offline",
                volume_address(volume.label),
                f"backing or backup of {volume.label} run on {host}, which is not contacted",
                f"name another host there, or bring {host} back",
            )


def _check_shrink(
    volume: Volume, found: Mapping[str, Layers], block: Superblock
) -> Iterator[Blocked]:
    size = file_system_bytes(block)
    start = next(iter(found.values())).start
    want = goal(volume, found, block).device if volume.size == "fill" else volume.size - start
    if want + SLACK < size:
        least = -(-(size + start) // MIB) * MIB
        has, wants = format_sizes(size, want)
        yield Blocked(
            "shrink-refused",
            volume_address(volume.label),
            f"the file system has {has}, the file wants {wants}",
            f"OCFS2 cannot shrink: write a size of at least {format_size(least)}",
        )


def _check_end(
    volume: Volume, found: Mapping[str, Layers], block: Superblock
) -> Iterator[Blocked]:
    """A partition that is shorter than its file system in every kernel: who is right is on the disk."""
    longest = max(found.values(), key=lambda layer: layer.node.size)
    size = file_system_bytes(block)
    if longest.node.partition is not None and longest.node.size < size:
        has, wants = format_sizes(longest.node.size, size)
        yield Blocked(
            "device-too-small",
            volume_address(volume.label),
            f"partition {longest.node.partition} of {longest.disk.name} has {has} in every kernel, its "
            f"file system {wants}",
            "compare the table on the disk (parted DEVICE unit B print): where it is right, let each "
            "member read it (partprobe DEVICE); where it was cut short, unmount the volume and give "
            "the partition its end back",
        )


def _check_writable(
    volume: Volume, work: Growth, due: offline.Work | None
) -> Iterator[Blocked]:
    """A file system that is mounted grows through a mount that may write (fs/ocfs2/resize.c)."""
    is_mounted = due is None or due.growth is None
    if work.grows and is_mounted and "ro" in volume.mount.options:
        yield Blocked(
            "volume-read-only",
            volume_address(volume.label),
            f"the file mounts {volume.label} read-only on every member, and OCFS2 grows a mounted "
            "file system only where it is mounted read-write",
            "write growth: offline, or take ro out of mount.options until it has grown",
        )


def _check_views(volume: Volume, work: Growth) -> Iterator[Blocked]:
    """All disks must be one size, or be on their way to it."""
    told = {n: layer.disk.capacity for n, layer in work.layers.items()}
    silent = [n for n, size in told.items() if size is None and not work.layers[n].needs_rescan]
    speaks = {n: size for n, size in told.items() if size is not None}
    if speaks and silent:
        yield Blocked(
            "path-down",
            volume_address(volume.label),
            f"{', '.join(silent)}: not every path of {volume.label} answers; the kernel refuses "
            "a map over paths of different sizes, so growth waits for all of them",
            f"restore the paths (multipath -ll on {', '.join(silent)}), then plan again",
        )
    sizes = set(speaks.values())
    if len(sizes) > 1:
        (words,) = sizes_on_hosts(speaks)
        yield Blocked(
            "device-size-differs",
            volume_address(volume.label),
            f"the disk of {volume.label} itself has another size on each host: {words}",
            "check on the storage that all of them are shown the same LUN",
        )


def _check_room(volume: Volume, work: Growth) -> Iterator[Blocked]:
    """Without a way to grow the disk, the plan waits until somebody has grown it."""
    if work.backing:
        return
    told = any(layer.disk.capacity is not None for layer in work.layers.values())
    short = {
        n: layer.reported_capacity
        for n, layer in work.layers.items()
        if layer.reported_capacity < work.goal.disk
        # Blind hosts find out by a rescan, but not while nobody has the volume for it.
        and (
            layer.disk.capacity is not None
            or not (layer.needs_rescan or told)
            or volume.growth == "offline"
        )
    }
    if short:
        silent = {n: None for n, layer in work.layers.items() if layer.disk.capacity is None}
        words, wants = sizes_on_hosts({**silent, **short}, work.goal.disk)
        yield Blocked(
            "device-too-small",
            volume_address(volume.label),
            f"the disk of {volume.label} has not {wants} yet: {words}",
            "grow the LUN on the storage and plan again, or say under backing how it grows",
        )


def _check_tools(work: Growth, observed: Observed) -> Iterator[Blocked]:
    for host, facts in observed.answering_hosts().items():
        if host not in work.layers:
            continue
        need = (*TOOLS, *(PARTITION_TOOLS if work.goal.end is not None else ()))
        missing = [name for name in need if name not in require(facts.packages).commands]
        if missing:
            yield Blocked(
                "tools-missing",
                member_address(host),
                f"growing needs {', '.join(missing)}, not installed",
                f"install what brings them on {host} (parted, gdisk), then plan again",
            )


def _check_neighbours(volume: Volume, work: Growth, observed: Observed) -> Iterator[Blocked]:
    """What lies behind the partition stays where it is."""
    if not work.partition or work.goal.end is None:
        return
    for host, layer in work.layers.items():
        for other in require(observed.answering_hosts()[host].disks):
            inside = other.parent == layer.disk.name and other.name != layer.node.name
            start = other.start if inside and other.start is not None else None
            if start is not None and layer.start // SECTOR < start <= work.goal.end:
                yield Blocked(
                    "partition-blocked",
                    volume_address(volume.label),
                    f"{host}: partition {other.partition} ({other.name}) begins behind "
                    f"{layer.node.name} and is in its way",
                    "move or remove that partition by hand, or put the volume on a disk of its own",
                )
                return

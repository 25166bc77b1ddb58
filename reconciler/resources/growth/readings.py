"""Sizes of layers as facts: what a host's kernel, its disk and its mount say."""

from __future__ import annotations

from reconciler.model.devices import block_doubt, doubt, view_of, whole_disk
from reconciler.model.observed import Disk, HostFacts, require
from reconciler.model.reading import Reading, unknown
from reconciler.resources.growth import offline
from reconciler.resources.growth.sizes import file_system_bytes


def _whole(facts: HostFacts, subject: str) -> Disk | None:
    view = view_of(facts, subject)
    return whole_disk(facts, view) if view else None


def capacity(facts: HostFacts, subject: str) -> str:
    """Whether the disk of ``REF BYTES`` says of itself that it has so many."""
    ref, least = subject.rsplit(" ", 1)
    disk = _whole(facts, ref)
    if disk is None or disk.capacity is None:
        return unknown(doubt(facts, ref) or "the disk does not tell")
    return "enough" if disk.capacity >= int(least) else f"{disk.capacity} bytes"


def disk_room(facts: HostFacts, subject: str) -> str:
    """Whether disk and paths of ``REF BYTES`` have so many, and all the same."""
    ref, least = subject.rsplit(" ", 1)
    disk = _whole(facts, ref)
    if disk is None:
        return _none(facts, ref)
    is_map = (disk.dm_uuid or "").startswith("mpath-")
    paths = [d for d in require(facts.disks) if is_map and d.name in disk.slaves]
    if is_map and {path.name for path in paths} != set(disk.slaves):
        return unknown("not every path of it was read")
    for layer in (*paths, disk):
        if layer.size < int(least) or layer.size != disk.size:
            return f"{layer.name} {layer.size} bytes"
    return "enough"


def partition_start(facts: HostFacts, subject: str) -> str:
    """The first sector of a partition."""
    view = view_of(facts, subject)
    node = next((d for d in require(facts.disks) if view and d.name == view.node), None)
    if node is None:
        return _none(facts, subject)
    return "absent" if node.start is None else str(node.start)


def covers(facts: HostFacts, subject: str) -> str:
    """Whether the kernel's device is as large as the file system on it."""
    view = view_of(facts, subject)
    if view is None or view.superblock is None or view.size is None:
        return _none(facts, subject)
    need = file_system_bytes(view.superblock)
    return "whole" if view.size >= need else f"{view.size} of {need} bytes"


def file_system_size(facts: HostFacts, subject: str) -> str:
    """The bytes of the file system, by its superblock."""
    view = view_of(facts, subject)
    return (
        str(file_system_bytes(view.superblock))
        if view and view.superblock
        else _none(facts, subject)
    )


def mounted_size(facts: HostFacts, path: str) -> str:
    """The bytes of the mounted file system, as it says itself (statfs)."""
    found = [m for m in require(facts.mounts) if m.path == path and m.pid == 1]
    if not found:
        return "absent"
    return unknown("it was not told") if found[-1].size is None else str(found[-1].size)


def device_room(facts: HostFacts, subject: str) -> str:
    """Whether the kernel's device of ``REF BYTES`` has so many."""
    ref, least = subject.rsplit(" ", 1)
    view = view_of(facts, ref)
    if view is None or view.size is None:
        return _none(facts, ref)
    return "enough" if view.size >= int(least) else f"{view.size} bytes"


def _none(facts: HostFacts, reference: str) -> str:
    """What a device that is not there is; one that was not seen is unknown."""
    why = block_doubt(facts, reference)
    return unknown(why) if why else "absent"


READINGS = {
    **offline.READINGS,
    "capacity": Reading(("wanted", "disks"), capacity),
    "disk-room": Reading(("wanted", "disks"), disk_room),
    "device-room": Reading(("wanted",), device_room),
    "partition-start": Reading(("wanted", "disks"), partition_start),
    "device-covers": Reading(("wanted",), covers),
    "file-system-size": Reading(("wanted",), file_system_size),
    "mounted-size": Reading(("mounts",), mounted_size),
}

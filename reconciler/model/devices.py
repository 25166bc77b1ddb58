"""The names of a wanted device that survive reboots and reordering."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

from reconciler.model.desired import Cluster, Device, Volume
from reconciler.model.gate_call import ANY, Target
from reconciler.model.identity_cache import once_each
from reconciler.model.lasting_names import BY_ID, best_name
from reconciler.model.observed import (
    Disk,
    HostFacts,
    Observed,
    Unknown,
    WantedDevice,
    device_ref,
    require,
)
from reconciler.model.roles import restrict_to, staying

# What the UUIDs of new file systems are made in.
NEW = uuid.UUID("6f3c1a52-6f0e-4d0b-9a63-0c7b8a1f5e11")
# For a UUID that is not known.
UNTOLD = "-"


def ref(volume: Volume) -> str:
    """How the probe is asked for the volume's device."""
    return device_ref(volume.device.wwid, volume.device.path, volume.device.partition)


def mount_subject(volume: Volume) -> str:
    """``PATH REF``: where which device is mounted, as facts about mounts name it."""
    return f"{volume.mount.path} {ref(volume)}"


def use_subject(path: str, reference: str, uuid: str) -> str:
    """``PATH REF UUID``: what of a volume a kernel may have in use, also of one unread there.

    ``-`` for a UUID that nobody can tell.
    """
    return f"{path} {reference} {uuid or UNTOLD}"


def told_uuid(observed: Observed, reference: str) -> str:
    """The UUID of the file system behind a reference, as the first who can read it tells."""
    views = (
        view_of(facts, reference)
        for facts in observed.answering_hosts().values()
        if not isinstance(facts.wanted, Unknown)
    )
    return next((v.superblock.uuid for v in views if v and v.superblock), UNTOLD)


def unread(facts: HostFacts, view: WantedDevice) -> str:
    """Why a device that is there is not known; also if its disk is not told, or of what it is a part."""
    if view.unread or view.node is None:
        return view.unread or ""
    if isinstance(facts.disks, Unknown):  # who proves that something is there asks for no disks
        return f"nothing else was asked about {view.node}"
    told = {disk.name: disk for disk in facts.disks}
    disk = told.get(view.node)
    lost = view.node if disk is None else disk.parent
    return "" if lost is None or lost in told else f"the kernel does not tell all of {lost}"


def doubt(facts: HostFacts, reference: str) -> str:
    """Why it is not known what a host has behind a reference; empty if that is known."""
    view = view_of(facts, reference)
    if view is None:
        return f"{reference} was not looked at"
    if why := unread(facts, view):
        return why
    return "several paths, no multipath" if view.nodes and view.node is None else ""


def block_doubt(facts: HostFacts, reference: str) -> str:
    """As ``doubt``, of the OCFS2 superblock there."""
    view = view_of(facts, reference)
    damaged = view and view.superblock is None and view.signature.get("TYPE") == "ocfs2"
    return "its superblock could not be read" if damaged else doubt(facts, reference)


def has_mounted(facts: HostFacts, subject: str) -> bool:
    """Whether a host has the device of a reference mounted anywhere."""
    view = view_of(facts, subject)
    return view is not None and any(m.device == view.device for m in require(facts.mounts))


def view_of(facts: HostFacts, subject: str) -> WantedDevice | None:
    """What a host sees behind a reference."""
    for item in require(facts.wanted):  # rules ask often: no generator
        if item.ref == subject:
            return item
    return None


def disk_of(facts: HostFacts, view: WantedDevice) -> Disk | None:
    """The block device of a view."""
    for disk in require(facts.disks):  # rules ask often: no generator
        if disk.name == view.node:
            return disk
    return None


def whole_disk(facts: HostFacts, view: WantedDevice) -> Disk | None:
    """The disk that a view is, or is a partition of."""
    disk = disk_of(facts, view)
    if disk is None or disk.parent is None:
        return disk
    return next((item for item in require(facts.disks) if item.name == disk.parent), disk)


def kernel_path(disk: Disk) -> str:
    """The device's own file; where that is in a directory, the kernel's name has ! for the slash."""
    return f"/dev/{disk.name.replace('!', '/')}"


def is_logical(disk: Disk) -> bool:
    """Whether it is a logical volume that the host itself has, or a partition of one.

    LVM's prefix of a device-mapper UUID (lib/activate/dev_manager.c, UUID_PREFIX).
    """
    return re.match(r"(part[0-9]+-)*LVM-", disk.dm_uuid or "") is not None


def stable_path(device: Device, facts: HostFacts) -> str | None:
    """The path as in the file, else the device's most trustworthy name."""
    view = view_of(facts, device_ref(device.wwid, device.path, device.partition))
    if view is None or view.node is None:
        return None
    if device.path and device.partition is None:
        return device.path
    disk = disk_of(facts, view)
    return _link(device, disk) if disk else None


def stable_link(disk: Disk) -> str | None:
    """The most trustworthy by-id link of a block device: a name by what it is."""
    return best_name(link for link in disk.links if link.startswith(BY_ID))


def lasting_link(disk: Disk) -> str | None:
    """The most trustworthy of the names of a block device that last, also by where it is."""
    return best_name(disk.links)


def partition_of(facts: HostFacts, volume: Volume) -> int | None:
    """The number of the partition that a volume is on, also where its own path names it."""
    view = view_of(facts, ref(volume))
    disk = disk_of(facts, view) if view else None
    return disk.partition if disk else volume.device.partition


def disk_path(facts: HostFacts, volume: Volume) -> str | None:
    """A lasting name of the whole disk that a volume is on; None if it has none."""
    view = view_of(facts, ref(volume))
    disk = whole_disk(facts, view) if view else None
    is_whole = (
        disk is None or volume.device.partition is not None or (view and disk.name == view.node)
    )
    if volume.device.path and is_whole:
        return volume.device.path
    return _link(volume.device, disk) if disk else None


def _link(device: Device, disk: Disk) -> str | None:
    """What is named by its WWID is not written down by where it is."""
    return stable_link(disk) if device.wwid else lasting_link(disk)


def wwid_of(facts: HostFacts, volume: Volume) -> str | None:
    """The WWID of a volume's disk as a host's kernel has it."""
    view = view_of(facts, ref(volume))
    disk = whole_disk(facts, view) if view else None
    return disk.wwid if disk else None


def target(
    facts: HostFacts, volume: Volume, file_system: str = ANY, beats: str = ANY
) -> Target | None:
    """The volume's device as the gate is to find it; None without a name that lasts."""
    node = stable_path(volume.device, facts)
    if node is None:
        return None
    wwid = wwid_of(facts, volume) or ANY
    return Target(node, wwid, uuid=file_system, beats=beats)


def disk_target(facts: HostFacts, volume: Volume) -> Target:
    """The whole disk that a volume is on, or is a partition of."""
    view = view_of(facts, ref(volume))
    disk = whole_disk(facts, view) if view else None
    return Target(disk_path(facts, volume) or "", (disk.wwid if disk else None) or ANY)


@once_each()
def chosen_uuid(cluster: Cluster, volume: Volume, observed: Observed) -> str:
    """The UUID that a run gives to a new file system: the same in each plan of the same thing.

    So everything that follows in the plan can ask for this one and no other.
    """
    reached = restrict_to(observed, staying(cluster)).answering_hosts().values()
    machines = [f.identity.machine_id for f in reached if not isinstance(f.identity, Unknown)]
    wwids = {wwid_of(facts, volume) or "" for facts in reached}
    words = (cluster.name, volume.label, ref(volume), *sorted(wwids), *sorted(machines))
    return str(uuid.uuid5(NEW, "\0".join(words)))


def still_mapped(cluster: Cluster, facts: HostFacts) -> Iterator[str]:
    """The volumes whose LUN a host still sees, and that do not say how to take it."""
    for volume in cluster.volumes:
        view = None if isinstance(facts.wanted, Unknown) else view_of(facts, ref(volume))
        if view is not None and view.nodes and not view.unread and not volume.access:
            yield volume.label

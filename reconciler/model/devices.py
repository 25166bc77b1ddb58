"""The names of a wanted device that survive reboots and reordering."""

from __future__ import annotations

import re

from reconciler.model.desired import Device, Volume
from reconciler.model.observed import Disk, HostFacts, WantedDevice, device_ref, known

# Stable names in the order of trust; under multipath only the map's own name.
STABLE = ("dm-uuid-", "wwn-", "scsi-", "nvme-", "virtio-", "")
BY_ID = "/dev/disk/by-id/"


def ref(volume: Volume) -> str:
    """How the probe is asked for the volume's device."""
    return device_ref(volume.device.wwid, volume.device.path, volume.device.partition)


def mount_subject(volume: Volume) -> str:
    """``PATH REF``: where which device is mounted, as facts about mounts name it."""
    return f"{volume.mount.path} {ref(volume)}"


def has_mounted(facts: HostFacts, subject: str) -> bool:
    """Whether a host has the device of a reference mounted anywhere."""
    view = view_of(facts, subject)
    return view is not None and any(m.device == view.device for m in known(facts.mounts))


def view_of(facts: HostFacts, subject: str) -> WantedDevice | None:
    """What a host sees behind a reference."""
    return next((item for item in known(facts.wanted) if item.ref == subject), None)


def disk_of(facts: HostFacts, view: WantedDevice) -> Disk | None:
    """The block device of a view."""
    return next((disk for disk in known(facts.disks) if disk.name == view.node), None)


def whole_disk(facts: HostFacts, view: WantedDevice) -> Disk | None:
    """The disk that a view is, or is a partition of."""
    disk = disk_of(facts, view)
    if disk is None or disk.parent is None:
        return disk
    return next((item for item in known(facts.disks) if item.name == disk.parent), disk)


def is_logical(disk: Disk) -> bool:
    """Whether it is a logical volume that the host itself has, or a partition of one.

    LVM's prefix of a device-mapper UUID (lib/activate/dev_manager.c, UUID_PREFIX).
    """
    return re.match(r"(part[0-9]+-)*LVM-", disk.dm_uuid or "") is not None


def stable_path(device: Device, facts: HostFacts) -> str | None:
    """The path as in the file, else the device's most trustworthy by-id link."""
    view = view_of(facts, device_ref(device.wwid, device.path, device.partition))
    if view is None or view.node is None:
        return None
    if device.path and device.partition is None:
        return device.path
    disk = disk_of(facts, view)
    return stable_link(disk) if disk else None


def stable_link(disk: Disk) -> str | None:
    """The most trustworthy by-id link of a block device."""
    links = sorted(link for link in disk.links if link.startswith(BY_ID))
    for prefix in STABLE:
        for link in links:
            if link.removeprefix(BY_ID).startswith(prefix):
                return link
    return None

"""Which mounts of ours have to be ended and made again: on another path, with other options.

A mounted file system takes neither a new path nor all of its options, so whoever has it is
without it for a moment (``planning.rollout`` says when).
"""

from __future__ import annotations

from collections.abc import Collection

from reconciler.model.desired import Volume
from reconciler.model.devices import disk_of, kernel_path, mount_subject, ref, view_of
from reconciler.model.observed import Disk, HostFacts, MountPoint, require
from reconciler.resources.mounts.fstab import Entry, entries
from reconciler.resources.mounts.readings import is_foreign, read_mounted

# What the VFS changes by a remount (mount(8)). What is not named then is as after a mount, but
# for atime, which stays as it is unless something about it is named (fs/namespace.c).
ATIME = ("noatime", "nodiratime")
REMOUNTED = (*ATIME, "nodev", "noexec", "nosuid")
# Other options that the kernel shows as they were given (mount(8), fs/ocfs2/super.c).
FIXED = ("ro", "sync", "localflocks")


def remount_reason(volume: Volume, facts: HostFacts) -> str:
    """Why a host has to unmount a volume and mount it again; empty if it has not."""
    if volume.mounted_by == "workload":
        return ""
    path = volume.mount.path
    if former_mounts(volume, facts):
        return f"{volume.label} moves to {path}"
    if read_mounted(facts, mount_subject(volume)) != "mounted":
        return ""
    gained, lost = changed_options(volume, topmost_mount(volume, facts))
    words = [f"with {', '.join(gained)}"] if gained else []
    words += [f"without {', '.join(lost)}"] if lost else []
    return f"{volume.label} is mounted {' and '.join(words)}" if words else ""


def former_mounts(volume: Volume, facts: HostFacts) -> tuple[str, ...]:
    """The other paths on which runs mounted a volume, and where a host has it now."""
    view = view_of(facts, ref(volume))
    if view is None or view.device is None or volume.mounted_by == "workload":
        return ()
    found = [
        m.path
        for m in require(facts.mounts)
        if m.pid == 1 and not is_foreign(m) and m.device == view.device
    ]
    return tuple(dict.fromkeys(path for path in found if path in volume.last_applied.paths))


def places(volume: Volume, facts: HostFacts) -> tuple[str, ...]:
    """Where a host has a volume mounted, or what takes its place: its path, and others of ours."""
    here = read_mounted(facts, mount_subject(volume)) in {"mounted", "unidentified"}
    own = (volume.mount.path,) if here else ()
    return (*own, *former_mounts(volume, facts))


def topmost_mount(volume: Volume, facts: HostFacts) -> MountPoint:
    """The topmost mount on a volume's path."""
    path = volume.mount.path
    return [m for m in require(facts.mounts) if m.path == path and m.pid == 1][-1]


def changed_options(volume: Volume, found: MountPoint) -> tuple[list[str], list[str]]:
    """The options that a mount lacks, and those that it has of an earlier file."""
    wanted, before = volume.mount.options, volume.last_applied.options
    gained = [o for o in FIXED if o in wanted and o not in found.options]
    lost = [o for o in FIXED if o in before and o not in wanted and o in found.options]
    return gained, lost


def former_entries(volume: Volume, facts: HostFacts) -> tuple[Entry, ...]:
    """The lines of fstab that mount a volume on other paths of ours."""
    own = own_names(volume, facts)
    return tuple(
        entry
        for entry in entries(require(facts.fstab).text or "")
        if entry.path in volume.last_applied.paths
        and entry.kind == "ocfs2"
        and entry.source in own
    )


def own_names(volume: Volume, facts: HostFacts) -> frozenset[str]:
    """Every way in which fstab may name a volume."""
    view = view_of(facts, ref(volume))
    disk = disk_of(facts, view) if view else None
    if view is None or disk is None:
        return frozenset()
    labels = {volume.label if volume.labelled is None else volume.labelled}
    labels |= set(volume.last_applied.labels)
    return names_of(disk, view.superblock.uuid if view.superblock else "", labels)


def names_of(disk: Disk, uuid: str, labels: Collection[str]) -> frozenset[str]:
    """The names of a disk, and what fstab(5) and udev call its file system."""
    words = [("UUID", uuid), *(("LABEL", label) for label in labels)]
    names = {kernel_path(disk), *disk.links}
    for tag, word in ((tag, word) for tag, word in words if word):
        place = f"/dev/disk/by-{tag.lower()}/{word}"
        names |= {f"{tag}={word}", f'{tag}="{word}"', place}
    return frozenset(names)

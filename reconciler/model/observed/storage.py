"""What a host sees of disks, of file systems, and of what is mounted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from reconciler.frozen import frozen
from reconciler.model.digits import is_number


@frozen
class MountPoint:
    """An OCFS2 mount; ``pid`` is 1, or a process whose private namespace holds it.

    ``size`` and ``free`` are what the mounted file system says of itself (statfs), None if it
    was not asked or did not answer.
    """

    path: str
    source: str
    device: str
    options: tuple[str, ...]
    pid: int
    size: int | None = None
    free: int | None = None


@frozen
class Disk:
    """A block device of the kernel; ``device`` is MAJ:MIN, ``wwid`` in multipath form.

    ``partition`` and ``start`` (sectors of 512 bytes) are set on partitions, also on
    those that device-mapper made. ``capacity`` is what the device itself says now. ``down`` is
    the kernel's word for a path that leads nowhere (SCSI's, or multipath's ``failed``), empty of
    all others.
    """

    name: str
    device: str
    size: int
    sector: int
    read_only: bool
    partition: int | None
    start: int | None
    parent: str | None
    dm_name: str | None
    dm_uuid: str | None
    wwid: str | None
    slaves: tuple[str, ...]
    holders: tuple[str, ...]
    links: tuple[str, ...]
    capacity: int | None = None
    down: str = ""


@frozen
class Superblock:
    """An OCFS2 superblock; ``uuid`` in lower-case hex with dashes.

    ``flags`` are those of its cluster: their sum, then their names; ``incompat`` likewise.
    """

    uuid: str
    label: str
    slots: int
    block_size: int
    cluster_size: int
    clusters: int
    stack: str
    cluster: str
    compat: str = ""
    incompat: str = ""
    ro_compat: str = ""
    state: str = ""
    flags: str = ""

    @property
    def is_global(self) -> bool:
        """Made for global heartbeat: OCFS2_CLUSTER_O2CB_GLOBAL_HEARTBEAT (ocfs2_fs.h)."""
        return bool(leading_number(self.flags) & 1)

    @property
    def is_for_one_host(self) -> bool:
        """Mounted without a cluster: OCFS2_FEATURE_INCOMPAT_LOCAL_MOUNT (ocfs2_fs.h)."""
        return bool(leading_number(self.incompat) & 8)

    @property
    def is_heartbeat_device(self) -> bool:
        """No files, only heartbeats: OCFS2_FEATURE_INCOMPAT_HEARTBEAT_DEV (ocfs2_fs.h)."""
        return bool(leading_number(self.incompat) & 2)


def leading_number(text: str) -> int:
    """The sum that stands before the names of flags; nothing where debugfs.ocfs2 told none."""
    first = text.partition(" ")[0]
    return int(first) if is_number(first) else 0


@frozen
class Slot:
    """An occupied slot of the on-disk slot map."""

    slot: int
    node: int


@frozen
class Beat:
    """A node's heartbeat block on disk; generation 0 is a clean leave.

    ``block`` are its first 32 bytes in hex, ``dead_ms`` the milliseconds of silence after which
    others take the node for dead.
    """

    node: int
    sequence: str
    generation: str
    block: str = ""
    dead_ms: int = 0


@frozen
class WantedDevice:
    """What a host sees behind a device that the desired state names.

    ``ref`` is the request (see ``device_ref``). ``nodes`` are the kernel names that
    match it: none, one, or several paths of one disk without multipath. The rest is
    about the only one. ``zeros``: the blank check's samples were all zero; None if the
    check did not run since a signature was found. ``advancing`` are the nodes whose heartbeat
    went on between two samples; None after one sample only. ``unread`` says why the device could
    not be opened (a multipath map without a live path).
    """

    ref: str
    nodes: tuple[str, ...]
    node: str | None = None
    device: str | None = None
    size: int | None = None
    disk_found: bool = False
    signature: Mapping[str, str] = field(default_factory=dict)
    wiped: tuple[str, ...] = ()
    zeros: bool | None = None
    superblock: Superblock | None = None
    slot_map: tuple[Slot, ...] | None = None
    beats: tuple[Beat, ...] | None = None
    advancing: tuple[int, ...] | None = None
    unread: str | None = None


@frozen
class LogicalVolume:
    """A logical volume of a storage host, ``VG/LV``; ``missing`` is LVM's word for why not.

    ``free`` are the bytes left in its volume group, which come in units of ``extent``. Of a
    thin one ``pool`` is the pool, ``data`` and ``metadata`` the percent of it in use, None if
    LVM does not tell.
    """

    name: str
    missing: str = ""
    size: int = 0
    free: int = 0
    extent: int = 0
    pool: str | None = None
    data: float | None = None
    metadata: float | None = None

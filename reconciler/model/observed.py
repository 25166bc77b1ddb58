"""What the hosts really have: one ``HostFacts`` per host, one field per probe section.

A field is the section's value or ``Unknown``: what could not be read is never taken for
absent. Sizes are bytes, times seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A section that could not be read, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the host is; ``hostname`` is the short one, ``clock`` its epoch seconds."""

    hostname: str
    boot_id: str
    machine_id: str
    os: str
    os_version: str
    kernel: str
    arch: str
    uid: int
    uptime: float
    clock: int


@dataclass(frozen=True, slots=True)
class Kernel:
    """The ocfs2 module for the running kernel, and what the next boot would run."""

    running: str
    next_boot: str | None
    module_file: str | None
    module_version: str | None
    next_boot_module: bool | None
    loaded: tuple[str, ...]
    panic: int | None
    panic_on_oops: int | None


@dataclass(frozen=True, slots=True)
class Packages:
    """Installed versions by package name, and which of the needed commands exist."""

    manager: str | None
    versions: Mapping[str, str]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """One IPv4 address of an interface."""

    interface: str
    ip: str
    prefix: int


@dataclass(frozen=True, slots=True)
class TextFile:
    """A configuration file, whole; ``text`` is None and ``sha256`` empty if absent."""

    path: str
    text: str | None
    sha256: str = ""
    mode: str = ""


@dataclass(frozen=True, slots=True)
class LiveNode:
    """A node as the running kernel knows it (configfs)."""

    name: str
    number: int
    ip: str
    port: int
    local: bool


@dataclass(frozen=True, slots=True)
class Region:
    """An active heartbeat region: ``uuid`` of the volume, the device it beats on."""

    uuid: str
    device: str


@dataclass(frozen=True, slots=True)
class LiveCluster:
    """A cluster in configfs; timeouts in ms, ``dead_threshold`` in two-second intervals."""

    name: str
    nodes: tuple[LiveNode, ...]
    idle_timeout_ms: int | None
    keepalive_delay_ms: int | None
    reconnect_delay_ms: int | None
    dead_threshold: int | None
    heartbeat_mode: str
    fence_method: str
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """The kernel's own view: cluster stack, clusters, DLM domains."""

    stack: str
    clusters: tuple[LiveCluster, ...]
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A systemd unit; ``enabled`` also holds for a generated unit with start links.

    Of a masked unit (``load``) it is not known whether it is enabled, hence it is not.
    """

    name: str
    load: str
    active: str
    sub: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Ordering:
    """How systemd orders units by what it has read, not by what files say.

    ``words`` are pairs of a unit and ``PROPERTY=VALUE``, of those that concern the cluster.
    ``files`` are the drop-ins that have the name of ours.
    """

    words: tuple[tuple[str, str], ...]
    files: tuple[TextFile, ...]


@dataclass(frozen=True, slots=True)
class MountPoint:
    """An OCFS2 mount; ``pid`` is 1, or a process whose private namespace holds it.

    ``size`` is what the mounted file system says of itself (statfs), None if it did not.
    """

    path: str
    source: str
    device: str
    options: tuple[str, ...]
    pid: int
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """A block device of the kernel; ``device`` is MAJ:MIN, ``wwid`` in multipath form.

    ``partition`` and ``start`` (sectors of 512 bytes) are set on partitions, also on
    those that device-mapper made. ``capacity`` is what the device itself says now.
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


@dataclass(frozen=True, slots=True)
class Superblock:
    """An OCFS2 superblock; ``uuid`` in lower-case hex with dashes."""

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


@dataclass(frozen=True, slots=True)
class Slot:
    """An occupied slot of the on-disk slot map."""

    slot: int
    node: int


@dataclass(frozen=True, slots=True)
class Beat:
    """A node's heartbeat block on disk; generation 0 is a clean leave."""

    node: int
    sequence: str
    generation: str


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Process:
    """A process that uses something under an OCFS2 mount.

    ``unit`` is the host's, ``guest`` the name of the listed guest that it runs; or "".
    """

    pid: int
    command: str
    path: str
    unit: str = ""
    guest: str = ""


@dataclass(frozen=True, slots=True)
class Guest:
    """A virtual machine that runs on the host, from the volume mounted on ``path``.

    One that is not ``persistent`` (libvirt's transient domains) cannot be started again.
    """

    path: str
    name: str
    persistent: bool = True


@dataclass(frozen=True, slots=True)
class Automount:
    """What mounts a volume by itself.

    ``kind`` is ``unit``, with a .mount or .automount unit as ``name`` and its file as
    ``text``; or ``autofs``, with the map's file as ``name`` and the line as ``text``.
    """

    kind: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Connection:
    """A TCP connection that the host tried; ``target`` is IP:PORT.

    ``state`` is ``open``, ``refused``, ``timeout``, ``unreachable`` or, without a tool for
    it, ``unknown``.
    """

    target: str
    state: str


@dataclass(frozen=True, slots=True)
class Space:
    """Free bytes and inodes of the file system that holds ``path``."""

    path: str
    free: int
    inodes: int | None


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease that a run holds on this host; ``age`` since its renewal, by boot time."""

    run: str
    holder: str
    age: float


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class HostFacts:
    """One host, whole, at one moment."""

    identity: Identity | Unknown
    kernel: Kernel | Unknown
    packages: Packages | Unknown
    addresses: tuple[Address, ...] | Unknown
    cluster_conf: TextFile | Unknown
    o2cb_config: TextFile | Unknown
    live: Live | Unknown
    services: tuple[Unit, ...] | Unknown
    ordering: Ordering | Unknown
    mounts: tuple[MountPoint, ...] | Unknown
    disks: tuple[Disk, ...] | Unknown
    wanted: tuple[WantedDevice, ...] | Unknown
    fstab: TextFile | Unknown
    processes: tuple[Process, ...] | Unknown
    space: tuple[Space, ...] | Unknown
    records: tuple[TextFile, ...] | Unknown
    leases: tuple[Lease, ...] | Unknown
    log: tuple[str, ...] | Unknown
    automounts: tuple[Automount, ...] | Unknown
    interconnect: tuple[Connection, ...] | Unknown
    guests: tuple[Guest, ...] | Unknown
    logical_volumes: tuple[LogicalVolume, ...] | Unknown = ()


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A host without an answer; ``code`` is the stable refusal code."""

    host: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Observed:
    """All hosts of one cluster by member name.

    ``storage`` are hosts on which an action is due beside its members: only they are asked,
    and of little (``planning.storage``).
    """

    hosts: Mapping[str, HostFacts | Unreachable]
    storage: Mapping[str, HostFacts | Unreachable] = field(default_factory=dict)

    def reached(self) -> Mapping[str, HostFacts]:
        """The facts of the hosts that answered."""
        return {
            name: facts for name, facts in self.hosts.items() if isinstance(facts, HostFacts)
        }

    def unreachable(self) -> tuple[Unreachable, ...]:
        """The hosts that did not answer."""
        return tuple(item for item in self.hosts.values() if isinstance(item, Unreachable))


def known(value: T | Unknown) -> T:
    """``value``, which the planner has made sure was read; raises TypeError if not."""
    if isinstance(value, Unknown):
        raise TypeError(f"a fact that could not be read was used: {value.reason}")
    return value


def device_ref(wwid: str | None, path: str | None, partition: int | None) -> str:
    """The one-word name of a wanted device: ``wwid=W``, ``path=P``, then ``,part=N``."""
    whole = f"wwid={wwid}" if wwid else f"path={path}"
    return whole if partition is None else f"{whole},part={partition}"

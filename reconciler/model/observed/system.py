"""What a host is, what runs on it, and what its files say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from reconciler.frozen import frozen
from reconciler.model.host_names import host_key
from reconciler.model.identity_cache import once_each


@frozen
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


@frozen
class ModuleBuild:
    """What a loaded module says it was built from, and what its file says; None: untold."""

    name: str
    running: str | None
    file: str | None


@frozen
class Kernel:
    """The ocfs2 module for the running kernel, and what the next boot would run.

    ``version`` is what the running one says of its build: ``uname -v``, and Ubuntu's
    version_signature; empty where that was not read.
    """

    running: str
    next_boot: str | None
    module_file: str | None
    module_version: str | None
    next_boot_module: bool | None
    loaded: tuple[str, ...]
    panic: int | None
    panic_on_oops: int | None
    builds: tuple[ModuleBuild, ...] = ()
    version: str = ""


@frozen
class Packages:
    """Installed versions by package name, and which of the needed commands exist.

    ``held`` are packages that the host's own administrator keeps as they are, installed or
    not; ``broken`` says what the package manager has not finished. ``installed`` is when, in
    seconds since 1970 by the host's clock, as far as it told.
    """

    manager: str | None
    versions: Mapping[str, str]
    commands: tuple[str, ...]
    held: tuple[str, ...] = ()
    broken: str = ""
    installed: Mapping[str, int] = field(default_factory=dict)


@frozen
class Address:
    """One IPv4 address of an interface."""

    interface: str
    ip: str
    prefix: int


@frozen
class TextFile:
    """A configuration file, whole; ``text`` is None and ``sha256`` empty if absent.

    ``written`` is when it was last written, in seconds since 1970 by the host's clock, ``owner``
    the number of its owner; None where the host did not tell.
    """

    path: str
    text: str | None
    sha256: str = ""
    mode: str = ""
    written: int | None = None
    owner: int | None = None


@frozen
class LiveNode:
    """A node as the running kernel knows it (configfs)."""

    name: str
    number: int
    ip: str
    port: int
    local: bool


@frozen
class Region:
    """An active heartbeat region: ``uuid`` of the volume, the device it beats on."""

    uuid: str
    device: str


@frozen
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


# As many lists as a run may hold at a time: those of some thousand hosts.
@once_each(4096)
def listed_names(nodes: tuple[LiveNode, ...]) -> frozenset[str]:
    """The names on a kernel's list, by ``host_key``."""
    return frozenset(host_key(node.name) for node in nodes)


@frozen
class Live:
    """The kernel's own view: cluster stack, clusters, DLM domains.

    ``locking`` is the protocol of file system locks that it has, MAJOR.MINOR; empty while the
    ocfs2 module is not loaded. ``links`` are the nodes to which it has a connection, None where
    that could not be read.
    """

    stack: str
    clusters: tuple[LiveCluster, ...]
    domains: tuple[str, ...]
    locking: str = ""
    links: tuple[str, ...] | None = None

    def cluster(self, name: str) -> LiveCluster | None:
        """The cluster of that name; None where the kernel has none."""
        return next((c for c in self.clusters if c.name == name), None)

    def running(self, name: str) -> LiveCluster | None:
        """The cluster of that name, online: it has nodes."""
        found = self.cluster(name)
        return found if found and found.nodes else None

    def nodes(self, name: str) -> tuple[LiveNode, ...]:
        """The nodes of the cluster of that name; none without it."""
        found = self.cluster(name)
        return found.nodes if found else ()


@frozen
class Unit:
    """A systemd unit; ``enabled`` also holds for a generated unit with start links.

    Of a masked unit (``load``) it is not known whether it is enabled, hence it is not. ``link``
    is what has it started at boot, or masks it; of one that is disabled the directory where its
    link was, if that is known. ``written`` is when that was last changed, in seconds since 1970
    by the host's clock; None where the host did not tell. ``since_boot`` is what came of it since
    the boot: it ``ran``, it ``missed`` its start since what it needs did not start, or its
    conditions were ``unmet``; empty where the host did not tell.
    """

    name: str
    load: str
    active: str
    sub: str
    enabled: bool
    written: int | None = None
    link: str = ""
    since_boot: str = ""


@frozen
class Ordering:
    """How systemd orders units by what it has read, not by what files say.

    ``words`` are pairs of a unit and ``PROPERTY=VALUE``, of those that concern the cluster.
    ``files`` are the drop-ins that have the name of ours.
    """

    words: tuple[tuple[str, str], ...]
    files: tuple[TextFile, ...]


@frozen
class Process:
    """A process that uses something under an OCFS2 mount.

    ``unit`` is the host's, ``guest`` the name of the listed guest that it runs; or "".
    """

    pid: int
    command: str
    path: str
    unit: str = ""
    guest: str = ""


@frozen
class Guest:
    """A virtual machine that runs on the host, from the volume mounted on ``path``.

    One that is not ``persistent`` (libvirt's transient domains) cannot be started again.
    """

    path: str
    name: str
    persistent: bool = True


@frozen
class Automount:
    """What mounts a volume by itself.

    ``kind`` is ``unit``, with a .mount or .automount unit as ``name`` and its file as
    ``text``; or ``autofs``, with the map's file as ``name`` and the line as ``text``.
    """

    kind: str
    name: str
    text: str


@frozen
class Connection:
    """A TCP connection that the host tried; ``target`` is IP:PORT.

    ``state`` is ``open``, ``refused``, ``timeout``, ``unreachable`` or, without a tool for
    it, ``unknown``.
    """

    target: str
    state: str


@frozen
class Space:
    """Free bytes and inodes of the file system that holds ``path``."""

    path: str
    free: int
    inodes: int | None


@frozen
class Lease:
    """The lease that a run holds on this host; ``age`` in seconds since its renewal, by boot time.

    ``scope`` is ``-`` for all that a member is, a cluster's name on a storage host. ``hosts``
    are all where the run holds one; ``sealed`` says that it starts nothing more here. ``step``
    and ``action`` are what it began last, ``begun`` whether ``now``, in this boot, or
    ``before``; empty if nothing. ``running`` are processes that a run has begun here and that
    have not ended, in words; empty if there are none. ``run`` is empty if only they are left.
    """

    run: str
    holder: str
    age: float
    scope: str = "-"
    hosts: tuple[str, ...] = ()
    sealed: bool = False
    step: int = 0
    action: str = ""
    begun: str = ""
    running: str = ""


@frozen
class Pause:
    """That an operator wants nothing to be done on this host.

    ``since`` and ``until`` are seconds since 1970 by its clock; without ``until``, until it is
    resumed.
    """

    cluster: str
    reason: str
    by: str
    since: int
    until: int | None

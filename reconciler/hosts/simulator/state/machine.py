"""One simulated host: what survives a power cut, and what runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from reconciler.hosts.simulator.state.cluster import Cluster
from reconciler.hosts.simulator.state.devices import (
    PATHS,
    Attachment,
    Device,
    find,
    make_devices,
)
from reconciler.hosts.simulator.state.disk import Filesystem
from reconciler.hosts.simulator.state.faults import Fault
from reconciler.hosts.simulator.state.files import Files
from reconciler.hosts.simulator.state.packaging import Packaging
from reconciler.hosts.simulator.state.reply import Reply
from reconciler.hosts.simulator.state.unit import Unit

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.disk import Beat
    from reconciler.hosts.simulator.state.world import World

# What Linux 4.0 and later mount (fs/ocfs2/ocfs2_fs.h); 1.8.7 of the tools opens the same.
FEATURES = 0xFFD8
# Whatever logs in to iSCSI targets at boot; without it their disks are not there.
LOGIN = "open-iscsi.service"
# Brings up all resources of DRBD.
DRBD = "drbd.service"


@dataclass(slots=True)
class Setup:
    """Hardware, operating system and packages.

    ``addresses`` are the first ones of the interfaces, ``aliases`` more of them. On a storage
    host ``logical`` maps VG/LV to the LUN that it is, ``room`` a volume group to its free
    bytes (not named: enough), ``thin`` a thin VG/LV to its pool's fullness in percent.

    ``features`` are the incompat bits that the kernel mounts, ``tool_features`` those that the
    tools open; ``locking`` is the kernel's protocol of locks. ``next_boot`` is the kernel that
    the next boot runs, with or without a ``next_boot_module``; empty if nothing tells.
    ``installed`` is when packages were, by the host's clock. ``module_build`` tells one build of the module's file from another.
    """

    hostname: str
    addresses: list[tuple[str, str, int]]
    aliases: list[tuple[str, str, int]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    os: str = "debian"
    os_version: str = "12"
    kernel: str = "6.1.176"
    kernel_version: str = "#1 SMP Debian 6.1.176-1 (2026-05-02)"
    arch: str = "x86_64"
    module: bool = True
    module_build: str = "1"
    features: int = FEATURES
    locking: str = "1.0"
    next_boot: str = ""
    next_boot_module: bool = True
    manager: str = "dpkg"
    versions: dict[str, str] = field(default_factory=dict)
    installed: dict[str, int] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    tool_features: int = FEATURES
    panic: int = 0
    panic_on_oops: int = 0
    skew: int = 0
    logical: dict[str, str] = field(default_factory=dict)
    room: dict[str, int] = field(default_factory=dict)
    thin: dict[str, int] = field(default_factory=dict)


class Process(NamedTuple):
    """A process that uses a file.

    ``unit`` is the systemd unit that it belongs to, if any; ``guest`` the virtual machine that
    it runs.
    """

    pid: int
    command: str
    path: str
    unit: str = ""
    guest: str = ""


@dataclass(slots=True)
class Mount:
    """A mounted volume; ``pid`` is 1, or the process whose namespace alone shows it."""

    path: str
    device: Device
    fs: Filesystem
    number: int
    options: tuple[str, ...]
    pid: int = 1


@dataclass(slots=True)
class Running:
    """What a power cut takes away; ``read`` are the texts that systemd goes by.

    ``works`` are the commands of runs that work now, with the scope of their lease.
    ``locks`` are the heartbeats of tools that have the cluster lock of a volume.
    ``sightings``: the uptime at which the gate first saw a heartbeat block of a volume.
    """

    boot_id: str = ""
    since: float = 0.0
    on: bool = False
    loaded: set[str] = field(default_factory=set)
    builds: dict[str, str] = field(default_factory=dict)
    live: Cluster | None = None
    mounts: list[Mount] = field(default_factory=list)
    devices: tuple[Device, ...] = ()
    log: list[str] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)
    others: dict[str, tuple[str, str]] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    works: dict[int, str] = field(default_factory=dict)
    locks: list[Beat] = field(default_factory=list)
    sightings: dict[tuple[str, int, str], float] = field(default_factory=dict)


@dataclass(slots=True)
class Machine:
    """A host of the world; ``refusal`` is the code that its callers get, empty: none.

    ``broken`` maps probe sections to the reason why they cannot be read, ``dead_maps``
    holds the disks without a live path, ``down_paths`` the paths that are down (``sda``),
    ``failed_paths`` those that multipath calls failed while the disk itself says nothing.
    ``filtered`` is what a firewall makes of connections from here, by IP or IP:PORT;
    ``automounts`` are rows of that section of the probe. ``masked`` units stay so over boots.
    ``programs`` are an operator's own, each called with its whole argv; ``lookers`` are the users
    whose sudo allows the installed probe alone.
    """

    world: World
    name: str
    setup: Setup
    packaging: Packaging = field(default_factory=Packaging)
    files: Files = field(default_factory=Files)
    units: dict[str, Unit] = field(default_factory=dict)
    running: Running = field(default_factory=Running)
    machine_id: str = ""
    refusal: str = ""
    broken: dict[str, str] = field(default_factory=dict)
    dead_maps: set[str] = field(default_factory=set)
    down_paths: set[str] = field(default_factory=set)
    failed_paths: set[str] = field(default_factory=set)
    filtered: dict[str, str] = field(default_factory=dict)
    automounts: list[tuple[str, str, str]] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)
    programs: dict[str, Program] = field(default_factory=dict)
    lookers: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    busy: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Its files have its clock."""
        self.files.clock = partial(self.world.clock, self)

    @property
    def short_name(self) -> str:
        """The host name without its domain."""
        return self.setup.hostname.split(".")[0]

    @property
    def addresses(self) -> frozenset[str]:
        """Every address that an interface has."""
        return frozenset(ip for _, ip, _ in [*self.setup.addresses, *self.setup.aliases])

    @property
    def uptime(self) -> float:
        """Seconds since the boot."""
        return self.world.now - self.running.since

    def device(self, path: str) -> Device | None:
        """The block device behind a path, as this host resolves it."""
        if path.startswith("UUID="):
            return next((d for d in self.running.devices if _carries(d, path[5:])), None)
        return find(self.running.devices, path)

    def paths(self, device: Device) -> list[Device]:
        """What a whole disk is reached by: the paths of a map, else the disk itself."""
        slaves = device.slaves if device.dm_uuid.startswith("mpath-") else ()
        return [d for d in self.running.devices if d.name in slaves] or [device]

    def whole(self, device: Device) -> Device:
        """The disk that a partition is on; the device itself if it is none."""
        return next((d for d in self.running.devices if d.name == device.parent), device)

    def wwids(self, device: Device) -> tuple[str, ...]:
        """The WWID of the disk beneath by its map, and by each path as it says itself now."""
        whole = self.whole(device)
        mapped = [whole.dm_uuid[6:]] if whole.dm_uuid.startswith("mpath-") else []
        paths = [path.lun.wwid or "" for path in self.paths(whole) if path.wwid]
        return (*mapped, *paths)

    def is_down(self, path: Device) -> bool:
        """Whether a path leads nowhere."""
        return path.name in self.down_paths or path.lun.name in self.dead_maps

    def is_dead(self, device: Device) -> bool:
        """Whether nothing can be read: no path is left."""
        return all(map(self.is_down, self.paths(self.whole(device))))

    def waits_at(self, path: str) -> bool:
        """Whether an automount is mounted at a path, on which what it mounts then stands."""
        return self.running.others.get(path, ("", ""))[0] == "autofs"

    def is_masked(self, unit: str) -> bool:
        """Whether a unit cannot be started, until the next boot or for good."""
        return unit in self.running.masked or unit in self.masked

    def add_unit(self, name: str, *, enabled: bool) -> None:
        """A unit that a package brings; one that is there stays as it is."""
        self.units.setdefault(name, Unit(enabled=enabled))

    def start_at_boot(self, unit: str, *, wanted: bool) -> None:
        """Its start links are made, or taken away."""
        one = self.units[unit]
        if one.enabled != wanted:
            one.enabled, one.linked = wanted, self.files.clock()

    def install(self, package: str, version: str) -> None:
        """A package is there from now on."""
        self.setup.versions[package] = version
        self.setup.installed[package] = self.files.clock()

    def log(self, line: str) -> None:
        """A kernel message."""
        self.running.log.append(f"[{self.uptime:12.6f}] {line}")

    def record(self, what: str, detail: str = "") -> None:
        """An event of this host in the world's trace."""
        self.world.record(self.name, what, detail)

    def start(self) -> None:
        """A new kernel with nothing but its devices."""
        setup = self.setup
        if setup.next_boot:
            setup.kernel, setup.module = setup.next_boot, setup.next_boot_module
        # What has to be brought up at boot, and is not, is not there.
        off = {
            unit
            for unit in (LOGIN, DRBD)
            if unit in self.units and not self.units[unit].enabled
        }
        self.running = Running(
            boot_id=self.world.uuid(),
            since=self.world.now,
            on=True,
            devices=make_devices(
                [
                    a
                    for a in setup.attachments
                    if not (
                        (PATHS[a.kind] and LOGIN in off) or (a.kind == "drbd" and DRBD in off)
                    )
                ]
            ),
        )
        self.record("booted")

    def fault(self, name: str) -> Fault | None:
        """Counts a command for every fault; the one that is due is used up."""
        self.ran.append(name)
        due = [fault for fault in self.faults if fault.due(name)]
        self.faults = [fault for fault in self.faults if fault.at > 0]
        return due[0] if due else None


Program = Callable[[Machine, tuple[str, ...]], Reply]


def _carries(device: Device, uuid: str) -> bool:
    content = device.extent.content
    return device.serves and isinstance(content, Filesystem) and content.uuid == uuid

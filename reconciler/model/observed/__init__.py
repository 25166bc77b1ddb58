"""What the hosts really have: one ``HostFacts`` per host, one field per probe section.

A field is the section's value or ``Unknown``: what could not be read is never taken for
absent. Sizes are bytes, times seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TypeVar

from reconciler.frozen import frozen
from reconciler.model.observed.storage import (
    Beat,
    Disk,
    LogicalVolume,
    MountPoint,
    Slot,
    Superblock,
    WantedDevice,
)
from reconciler.model.observed.system import (
    Address,
    Automount,
    Connection,
    Guest,
    Identity,
    Kernel,
    Lease,
    Live,
    LiveCluster,
    LiveNode,
    ModuleBuild,
    Ordering,
    Packages,
    Pause,
    Process,
    Region,
    Space,
    TextFile,
    Unit,
    listed_names,
)
from reconciler.model.refusals import require_declared

__all__ = [
    "Address",
    "Automount",
    "Beat",
    "Connection",
    "Disk",
    "Guest",
    "HostFacts",
    "Identity",
    "Kernel",
    "Lease",
    "Live",
    "LiveCluster",
    "LiveNode",
    "LogicalVolume",
    "ModuleBuild",
    "MountPoint",
    "Observed",
    "Ordering",
    "Packages",
    "Pause",
    "Process",
    "Region",
    "Slot",
    "Space",
    "Superblock",
    "TextFile",
    "Unit",
    "Unknown",
    "Unreachable",
    "WantedDevice",
    "device_ref",
    "known",
    "listed_names",
]

T = TypeVar("T")


@frozen
class Unknown:
    """A section that could not be read, and why."""

    reason: str


@frozen
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
    pauses: tuple[Pause, ...] | Unknown
    log: tuple[str, ...] | Unknown
    automounts: tuple[Automount, ...] | Unknown
    interconnect: tuple[Connection, ...] | Unknown
    guests: tuple[Guest, ...] | Unknown
    logical_volumes: tuple[LogicalVolume, ...] | Unknown = ()


@frozen
class Unreachable:
    """A host without an answer; ``code`` is the stable refusal code."""

    host: str
    code: str
    message: str

    def __post_init__(self) -> None:
        """Raise ValueError for a code that is not declared."""
        require_declared(self.code)


@frozen
class Observed:
    """All hosts of one cluster by member name.

    ``storage`` are hosts on which an action is due beside its members: only they are asked,
    and of little (``planning.checks.storage_hosts``). What shows a part of the hosts only has all
    that were looked at as ``everybody``: who left a heartbeat is asked of everybody.
    """

    hosts: Mapping[str, HostFacts | Unreachable]
    storage: Mapping[str, HostFacts | Unreachable] = field(default_factory=dict)
    everybody: Observed | None = field(default=None, repr=False, compare=False)
    _answering: Mapping[str, HostFacts] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    @property
    def whole(self) -> Observed:
        """All hosts that were looked at, of which this may show a part."""
        return self.everybody or self

    def answering_hosts(self) -> Mapping[str, HostFacts]:
        """The facts of the hosts that answered; made once, since many rules ask for each host."""
        if self._answering is None:
            found = {
                n: facts for n, facts in self.hosts.items() if isinstance(facts, HostFacts)
            }
            object.__setattr__(self, "_answering", MappingProxyType(found))
        return self._answering or {}

    def unreachable(self) -> tuple[Unreachable, ...]:
        """The hosts that did not answer."""
        return tuple(item for item in self.hosts.values() if isinstance(item, Unreachable))


def require(value: T | Unknown) -> T:
    """``value``, which the planner has made sure was read; raises TypeError if not."""
    if isinstance(value, Unknown):
        raise TypeError(f"a fact that could not be read was used: {value.reason}")
    return value


def device_ref(wwid: str | None, path: str | None, partition: int | None) -> str:
    """The one-word name of a wanted device: ``wwid=W``, ``path=P``, then ``,part=N``."""
    whole = f"wwid={wwid}" if wwid else f"path={path}"
    return whole if partition is None else f"{whole},part={partition}"

"""Shared disks as classes of content: no bytes, but all that a probe could tell apart."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Literal

from reconciler.hosts.simulator.state.errors import ImpossibleWorld

SECTOR = 512
PHYSICAL_EXTENT = 4 << 20  # bytes, LVM's default
POOL = "pool0"  # of every thin volume
Damage = Literal["", "repairable", "lasting"]
# Incompat features of a new file system: sparse to append-dio, and clusterinfo with a stamp.
UNSTAMPED = 0xB750
STAMPED = UNSTAMPED | 0x4000
RESIZE_INPROG = 0x4  # of a resize that was cut short (ocfs2_fs.h)
# struct o2hb_disk_heartbeat_block (cluster/ocfs2_heartbeat.h); crc32_le from zero.
BLOCK = struct.Struct("<QB3xIQI4x")
CRC_START = 0xFFFFFFFF
EPOCH = 1_800_000_000  # what a simulated clock shows at the start of the world


@dataclass(frozen=True, slots=True)
class Blank:
    """Zeros from the first byte to the last."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that no tool has a name for: raw data, or a format that was cut off."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Something that blkid and wipefs know: ``kind`` is their word for it."""

    kind: str
    uuid: str = ""
    label: str = ""


@dataclass(slots=True)
class Beat:
    """A node's heartbeat block; ``stopped`` is the time of the last write, None: it beats.

    ``dead_ms`` is the silence after which others take the host for dead; ``skew`` are the
    seconds by which the host's clock is ahead.
    """

    host: str
    generation: int
    stopped: float | None = None
    dead_ms: int = 62_000
    skew: int = 0

    def sequence(self, now: float) -> int:
        """The kernel writes its clock as the sequence number (cluster/heartbeat.c)."""
        return EPOCH + self.skew + int(now if self.stopped is None else self.stopped)

    def block(self, number: int, now: float) -> str:
        """The first 32 bytes on disk in hex, with the kernel's checksum of all 512."""
        fields = (self.sequence(now), number), (self.generation, self.dead_ms)
        unsummed = BLOCK.pack(*fields[0], 0, *fields[1])
        summed = zlib.crc32(unsummed.ljust(SECTOR, b"\0"), CRC_START) ^ CRC_START
        return BLOCK.pack(*fields[0], summed, *fields[1]).hex()


@dataclass(slots=True)
class Filesystem:
    """An OCFS2 file system: superblock, slot map and heartbeat blocks.

    ``damage`` is what fsck.ocfs2 would find, ``inprog`` says that tunefs.ocfs2 was cut short
    in a resize of the unmounted volume: the kernel then does not mount it. ``extra`` are bits of
    incompat features beyond those that mkfs.ocfs2 gives it. ``used`` are bytes.
    ``global_heartbeat`` is a flag of its cluster, as ``mkfs.ocfs2 --global-heartbeat`` sets it.
    """

    uuid: str
    label: str
    slots: int
    block_size: int
    cluster_size: int
    clusters: int
    stack: str
    cluster: str
    slot_map: dict[int, int] = field(default_factory=dict)
    beats: dict[int, Beat] = field(default_factory=dict)
    damage: Damage = ""
    inprog: bool = False
    extra: int = 0
    used: int = 0
    global_heartbeat: bool = False

    @property
    def region(self) -> str:
        """The name of its heartbeat region and DLM domain: the UUID as configfs has it."""
        return self.uuid.replace("-", "").upper()

    @property
    def incompat(self) -> int:
        """The bits of its incompat features, as mkfs.ocfs2 1.8.7 sets them, and more."""
        return (STAMPED if self.cluster else UNSTAMPED) | self.extra

    @property
    def size(self) -> int:
        """Bytes that the file system believes to have."""
        return self.clusters * self.cluster_size


Content = Blank | Garbage | Signature | Filesystem


@dataclass(slots=True)
class Extent:
    """A whole disk or a partition: what a file system is put on."""

    size: int
    content: Content = field(default_factory=Blank)


@dataclass(slots=True)
class Partition:
    """A part of a disk; ``start`` in bytes."""

    start: int
    extent: Extent


@dataclass(slots=True)
class Lun:
    """A disk that hosts may share; ``wwid`` in multipath form, None for plain disks.

    ``sector`` is its logical block size, the distance between two heartbeat blocks.
    """

    name: str
    whole: Extent
    wwid: str | None = None
    partitions: dict[int, Partition] = field(default_factory=dict)
    sector: int = SECTOR

    def extent(self, partition: int | None) -> Extent:
        """What lies under a device of this disk."""
        return self.whole if partition is None else self.partitions[partition].extent

    def add_partition(self, number: int, start: int, size: int) -> Extent:
        """A blank partition; the disk then carries a GPT. Sizes in bytes."""
        others = [(p.start, p.start + p.extent.size) for p in self.partitions.values()]
        if any(start < end and begin < start + size for begin, end in others):
            raise ImpossibleWorld(f"{self.name}: partition {number} overlaps another one")
        if start < SECTOR or start + size > self.whole.size:
            raise ImpossibleWorld(f"{self.name}: partition {number} is outside of the disk")
        self.whole.content = Signature("gpt")
        self.partitions[number] = Partition(start, Extent(size))
        return self.partitions[number].extent

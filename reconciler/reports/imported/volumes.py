"""The volumes of a cluster, as running hosts have them: device, file system, mounts, fstab."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from reconciler.frozen import frozen
from reconciler.model.desired import Device
from reconciler.model.devices import disk_of, view_of, whole_disk
from reconciler.model.observed import (
    Disk,
    HostFacts,
    MountPoint,
    Superblock,
    Unknown,
    require,
)
from reconciler.model.ocfs2_options import own_options, refused_options
from reconciler.model.quantities import format_size
from reconciler.reports.imported.devices import ref
from reconciler.reports.imported.roster import Hosts
from reconciler.resources.growth.sizes import MIB, SLACK, TAIL, file_system_bytes
from reconciler.resources.mounts.fstab import Entry, entries
from reconciler.resources.mounts.moves import FIXED, REMOUNTED, names_of
from reconciler.resources.mounts.readings import is_foreign

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
NEEDS = ("disks", "wanted", "mounts", "fstab")
# Of what the kernel shows of a mount the words that somebody must have asked for
# (fs/ocfs2/super.c, ocfs2_show_options); localalloc shrinks by itself.
ASKED = (
    *("commit=", "atime_quantum=", "resv_level=", "dir_resv_level="),
    *("data=writeback", "coherency=buffered", "errors=panic", "errors=continue", "usrquota"),
    *("grpquota", "intr", "inode64"),
)
USUAL = frozenset({"atime_quantum=60"})  # OCFS2_DEFAULT_ATIME_QUANTUM


@frozen
class VolumeOnHost:
    """A volume on one host: its disks there, where it is mounted, its lines in fstab."""

    node: Disk
    whole: Disk
    mount: MountPoint | None
    lines: tuple[Entry, ...]


@frozen
class Seen:
    """A volume; ``places`` by host are of those that see its file system."""

    device: Device
    block: Superblock
    places: Mapping[str, VolumeOnHost]

    @property
    def mounted(self) -> tuple[str, ...]:
        """The hosts that have it mounted."""
        return tuple(host for host, place in self.places.items() if place.mount)

    @property
    def path(self) -> str:
        """Where it is mounted on most hosts, else where fstab would; empty for nowhere."""
        mounts = [p.mount.path for p in self.places.values() if p.mount]
        mounts = mounts or [e.path for e in self.lines if not e.is_idle]
        return Counter(mounts).most_common(1)[0][0] if mounts else ""

    @property
    def lines(self) -> tuple[Entry, ...]:
        """Its lines in the fstab of each host."""
        return tuple(line for place in self.places.values() for line in place.lines)

    @property
    def size(self) -> str:
        """How much of the device it takes, as a file says it: all, unless much is left."""
        size, whole = _extent(self)
        return format_size(size if size < whole else whole // 1024 * 1024)

    @property
    def room(self) -> str:
        """The whole device, where the volume takes less; else empty."""
        size, whole = _extent(self)
        return format_size(whole) if size < whole else ""


def volumes(devices: Sequence[Device], hosts: Hosts) -> tuple[Seen, ...]:
    """Every OCFS2 file system that a host sees behind one of ``devices``; each once."""
    found: dict[str, Seen] = {}
    for device in devices:
        blocks = [
            view.superblock
            for facts in hosts.values()
            if _is_read(facts)
            and (view := view_of(facts, ref(device))) is not None
            and view.superblock is not None
        ]
        for block in blocks[:1]:
            places = dict(_places(device, block, hosts))
            if block.uuid not in found and places:
                found[block.uuid] = Seen(device, block, places)
    return tuple(found.values())


def _is_read(facts: HostFacts) -> bool:
    return not any(isinstance(getattr(facts, name), Unknown) for name in NEEDS)


def _places(
    device: Device, block: Superblock, hosts: Hosts
) -> Iterator[tuple[str, VolumeOnHost]]:
    for host, facts in hosts.items():
        view = view_of(facts, ref(device)) if _is_read(facts) else None
        if view is None or view.superblock is None or view.superblock.uuid != block.uuid:
            continue
        node, whole = disk_of(facts, view), whole_disk(facts, view)
        if node is None or whole is None:
            continue
        mounts = [
            m
            for m in require(facts.mounts)
            if m.pid == 1 and not is_foreign(m) and m.device == node.device
        ]
        names = names_of(node, block.uuid, (block.label,))
        lines = tuple(
            entry
            for entry in entries(require(facts.fstab).text or "")
            if entry.kind == "ocfs2" and entry.source in names
        )
        yield host, VolumeOnHost(node, whole, _first(mounts, lines), lines)


def _first(mounts: Sequence[MountPoint], lines: Sequence[Entry]) -> MountPoint | None:
    """Of several mounts the one that fstab has, else the oldest: the others are bound to it."""
    named = {line.path for line in lines}
    places = [m.path for m in mounts if m.path in named] or [m.path for m in mounts]
    return next((m for m in reversed(mounts) if m.path == places[0]), None)


def _extent(seen: Seen) -> tuple[int, int]:
    """The bytes of the disk that the volume takes, and those of the disk."""
    whole = min(place.whole.size for place in seen.places.values())
    node = next(iter(seen.places.values())).node
    start = (node.start or 0) * 512
    end = whole
    if node.partition is not None:
        end = max((whole - TAIL) // MIB * MIB, start + node.size)
    if file_system_bytes(seen.block) + SLACK >= min(end, whole) - start:
        return whole, whole
    return -(-(start + file_system_bytes(seen.block)) // MIB) * MIB, whole


def options(seen: Seen) -> tuple[str, ...]:
    """The mount options: of a line in fstab, else what the kernel shows that was asked for.

    Those with which no mount succeeds are left out: a file with them is refused.
    """
    lines = [line for line in seen.lines if line.path == seen.path]
    if lines:
        refused = refused_options(lines[0].options)
        return tuple(o for o in own_options(lines[0].options) if o not in refused)
    shown = [p.mount.options for p in seen.places.values() if p.mount]
    asked = (*REMOUNTED, *FIXED)
    return tuple(
        o
        for o in (shown[0] if shown else ())
        if o not in USUAL and (o in asked or o.startswith(ASKED))
    )


def at_boot(seen: Seen) -> bool:
    """Whether a line of any fstab mounts it."""
    return any(line.path == seen.path and not line.is_idle for line in seen.lines)


def belongs(name: str, seen: Seen) -> bool:
    """Whether a volume is this cluster's: mounted, in fstab, stamped for it or for nobody."""
    return bool(seen.path) or seen.block.cluster in {name, ""}


def labels(used: Sequence[Seen], unused: Sequence[Seen] = ()) -> Mapping[str, str]:
    """By UUID a name for each: its label, where that is a name and nobody else's.

    A disk that is ``unused``, perhaps another's copy, takes no name from one that is used.
    """
    found = (*used, *unused)
    taken = Counter(seen.block.label for seen in used if LABEL.fullmatch(seen.block.label))
    spare = Counter(seen.block.label for seen in unused if LABEL.fullmatch(seen.block.label))
    taken.update({label: count for label, count in spare.items() if label not in taken})
    names: dict[str, str] = {}
    for seen in found:
        own = seen.block.label
        if taken[own] == 1 and own not in names.values():
            names[seen.block.uuid] = own
    for seen in found:
        if seen.block.uuid not in names:
            base = seen.path.rsplit("/", 1)[-1] or f"volume-{seen.block.uuid[:8]}"
            word = re.sub(r"[^A-Za-z0-9._-]", "-", base).lstrip("._-")[:50] or "volume"
            free = (f"{word}{n or ''}" for n in (0, *range(2, 999)))
            names[seen.block.uuid] = next(w for w in free if w not in {*names.values(), *taken})
    return names

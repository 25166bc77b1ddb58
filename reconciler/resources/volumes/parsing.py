"""Block devices, and what stands on those that the desired state names."""

from __future__ import annotations

import re
import struct
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.model.observed import Beat, Disk, Slot, Superblock, WantedDevice
from reconciler.probe.sections import (
    Section,
    choice,
    dash,
    group_rows,
    maybe_number,
    number,
)

YES = {"yes": True, "no": False}
DEVICE = re.compile(r"[0-9]{1,7}:[0-9]{1,7}")
MAP = re.compile(r"(?:part[0-9]+-)?mpath-(?P<wwid>.+)")
SHAPES = {
    "want": 3, "node": 4, "sig": 3, "wipefs": 2, "zeros": 2, "sb": 3, "slot": 3,
    "slotmap": 2, "beat": 3, "hb": 2, "unread": 2,
}  # fmt: skip
NUMBERS = ("slots", "block_size", "cluster_size", "clusters")
TEXTS = ("label", "stack", "cluster", "compat", "incompat", "ro_compat", "state", "flags")
CLASSIC = "classic o2cb"  # how debugfs.ocfs2 calls a volume without a cluster's stamp
Row = tuple[str, ...]


def parse_disks(section: Section) -> tuple[Disk, ...]:
    """All block devices, each with the stable links that lead to it."""
    rows = group_rows(section, {"disk": 14, "link": 2, "state": 2})
    states = {name: word for name, word in rows["state"]}  # noqa: C416  # a row is any tuple
    links: dict[str, list[str]] = {}
    for link, name in rows["link"]:
        links.setdefault(name, []).append(link)
    found = (_disk(row, tuple(sorted(links.get(row[0], ())))) for row in rows["disk"])
    return tuple(replace(disk, down=states.get(disk.name, "")) for disk in found)


def _disk(row: Row, links: tuple[str, ...]) -> Disk:
    (name, at, sectors, sector, read_only, partition, start, parent, dm_name, dm_uuid,
     raw, slaves, holders, capacity) = row  # fmt: skip
    return Disk(
        name=name,
        device=_device(at),
        size=number(sectors) * 512,
        sector=number(sector),
        read_only=choice(read_only, {"0": False, "1": True}),
        partition=maybe_number(partition),
        start=maybe_number(start),
        parent=dash(parent),
        dm_name=dash(dm_name),
        dm_uuid=dash(dm_uuid),
        wwid=multipath_wwid(name, raw, dm_uuid),
        slaves=_names(slaves),
        holders=_names(holders),
        links=links,
        capacity=maybe_number(capacity),
    )


def _device(value: str) -> str:
    if not DEVICE.fullmatch(value):
        raise ValueError(f"not a device number: {value[:64]!r}")
    return value


def _names(value: str) -> tuple[str, ...]:
    return () if value == "-" else tuple(value.split(","))


def multipath_wwid(name: str, raw: str, dm_uuid: str) -> str | None:
    """The WWID as multipath writes it, from sysfs's text or from a map's uuid.

    A leading digit says what kind it is (SPC-4, designator types; multipath-tools,
    libmultipath/discovery.c, parse_vpd_pg83); NVMe names are taken as they are.
    """
    if found := MAP.fullmatch(dm_uuid):
        return found["wwid"]
    kind, dot, rest = raw.partition(".")
    if name.startswith("nvme"):
        return dash(raw)
    if not dot:
        return None
    if kind == "t10":
        return "1" + "_".join(rest.split())
    return {"naa": "3" + rest, "eui": "2" + rest, "iqn": "8" + raw}.get(kind)


def parse_wanted(section: Section) -> tuple[WantedDevice, ...]:
    """What the host sees behind each device asked for, in the order of asking.

    Raises ValueError for a section that is garbled.
    """
    rows = group_rows(section, SHAPES)
    refs = [row[0] for row in rows["want"]]
    if len(set(refs)) != len(refs):
        raise ValueError("a device twice")
    told: dict[str, dict[str, list[Row]]] = {ref: {kind: [] for kind in SHAPES} for ref in refs}
    for kind, found in rows.items():
        for ref, *fields in found:
            if ref not in told:
                raise ValueError(f"{kind} of a device not asked for")
            told[ref][kind].append(tuple(fields))
    return tuple(_wanted(ref, told[ref]) for ref in refs)


def _wanted(ref: str, rows: Mapping[str, Sequence[Row]]) -> WantedDevice:
    ((nodes, disk_found),) = rows["want"]
    node = _only("node", rows["node"])
    zeros = _only("zeros", rows["zeros"])
    unread = _only("unread", rows["unread"])
    slots, beats = _slots(rows["slot"]), _beats(rows["beat"])
    return WantedDevice(
        ref=ref,
        nodes=_names(nodes),
        node=node[0] if node else None,
        device=_device(node[1]) if node else None,
        size=number(node[2]) if node else None,
        disk_found=choice(disk_found, YES),
        signature={key: _unescaped(value) for key, value in rows["sig"]},
        wiped=tuple(kind for (kind,) in rows["wipefs"]),
        zeros=choice(zeros[0], YES) if zeros else None,
        superblock=_superblock(rows["sb"]) if rows["sb"] else None,
        slot_map=slots if rows["slotmap"] else None,
        beats=beats if rows["hb"] else None,
        unread=unread[0] if unread else None,
    )


def _only(kind: str, rows: Sequence[Row]) -> Row | None:
    if len(rows) > 1:
        raise ValueError(f"{kind} twice")
    return rows[0] if rows else None


def _unescaped(value: str) -> str:
    """``blkid -o export`` puts a backslash before what a shell would take as special."""
    return re.sub(r"\\(.)", r"\1", value)


def _superblock(rows: Iterable[Row]) -> Superblock:
    """A key that stands twice is a label with a line feed in it, posing as another line."""
    found: dict[str, str] = {}
    for key, value in rows:
        if key in found or key not in (*NUMBERS, *TEXTS, "uuid"):
            raise ValueError(f"unexpected superblock field {key[:64]!r}")
        found[key] = value
    for key in (*NUMBERS, "uuid", "label"):
        if key not in found:
            raise ValueError(f"superblock without {key}")
    stack = found.get("stack", "")
    return Superblock(
        uuid=str(uuid.UUID(hex=found["uuid"])),
        label=found["label"],
        slots=number(found["slots"]),
        block_size=number(found["block_size"]),
        cluster_size=number(found["cluster_size"]),
        clusters=number(found["clusters"]),
        stack="" if stack == CLASSIC else stack,
        cluster=found.get("cluster", ""),
        compat=found.get("compat", ""),
        incompat=found.get("incompat", ""),
        ro_compat=found.get("ro_compat", ""),
        state=found.get("state", ""),
        flags=found.get("flags", ""),
    )


def _slots(rows: Iterable[Row]) -> tuple[Slot, ...]:
    return tuple(Slot(number(slot), number(node)) for slot, node in rows)


def _beats(rows: Iterable[Row]) -> tuple[Beat, ...]:
    return tuple(_beat(number(node), block) for node, block in rows)


# struct o2hb_disk_heartbeat_block of fs/ocfs2/cluster/ocfs2_heartbeat.h, little endian: sequence,
# node and padding, checksum, generation, dead time; what follows is zero.
BLOCK = struct.Struct("<QB3xIQI4x")


def _beat(node: int, block: str) -> Beat:
    """A heartbeat block; it belongs to the node in whose place it stands."""
    if not re.fullmatch(r"[0-9a-f]{64}", block):
        raise ValueError(f"not a heartbeat block: {block[:64]!r}")
    sequence, _node, _sum, generation, dead_ms = BLOCK.unpack(bytes.fromhex(block))
    return Beat(node, f"{sequence:016x}", f"{generation:016x}", block, dead_ms)


SECTIONS: dict[str, Callable[[Section], object]] = {
    "disks": parse_disks,
    "wanted": parse_wanted,
}

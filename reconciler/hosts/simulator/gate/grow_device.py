"""A disk that grew: its paths and map, its partition table, and what kernels know of them.

The kernel's sizes are those of `Device`, the storage's and the table's are those of `Lun`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.disk import SECTOR, Signature
from reconciler.hosts.simulator.state.files import File, NoSpace
from reconciler.hosts.simulator.state.reply import Reply, refusal, tool_failure

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.devices import Device
    from reconciler.hosts.simulator.state.disk import Partition
    from reconciler.hosts.simulator.state.machine import Machine

PATHS_WAIT, MAP_WAIT, TABLE_WAIT = 10.0, 15.0, 20.0  # how long the gate polls, in seconds
TABLES = "/var/lib/reconcile/tables"
GPT_TAIL = 33  # sectors at the end of a disk: the backup of the table
DOS_LIMIT = 1 << 32


def rescan(call: Call) -> Reply:
    """The kernel learns what the storage says: every path first, then the map over them."""
    node, (least,) = call.on.node, call.args
    disk = call.disk()
    paths, before = _live_paths(call.machine, disk), disk.size
    seconds = _rescan_paths(paths, int(least))
    if disk not in paths and disk.size < paths[0].size:
        call.needs("multipathd")
        if call.machine.units["multipathd.service"].active != "active":
            had = f"{disk.dm_name} has {disk.size} bytes, its paths {paths[0].size}"
            raise tool_failure("map-not-grown", had, MAP_WAIT)
        disk.size, seconds = paths[0].size, seconds + 1.0
    if disk.size != before:
        call.machine.record("rescanned", f"{node} {disk.size}")
    return Reply(0, f"ok rescanned {node} {disk.size}\n", "", seconds)


def rescan_cut_short(call: Call) -> None:
    """The paths have grown, the map has not."""
    (least,) = call.args
    _rescan_paths(_live_paths(call.machine, call.disk()), int(least))


def _live_paths(machine: Machine, disk: Device) -> list[Device]:
    paths = machine.paths(disk)
    if down := [path.name for path in paths if machine.is_down(path)]:
        raise refusal("path-down", ", ".join(f"{name} is transport-offline" for name in down))
    if failed := [path.name for path in paths if path.name in machine.failed_paths]:
        raise refusal("path-down", ", ".join(f"{n} is F in {disk.dm_name}" for n in failed))
    return paths


def _rescan_paths(paths: list[Device], least: int) -> float:
    """Only SCSI disks can be asked again; all others have the size of the last boot."""
    seconds = 0.1
    known = {path.size for path in paths}
    if paths[0].name.startswith("sd") and (len(known) > 1 or min(known) < least):
        seconds = 1.0
        for path in paths:
            path.size = path.extent.size
    if paths[0].size < least:
        had = ", ".join(f"{path.name} has {path.size} bytes" for path in paths)
        raise tool_failure("path-not-grown", f"{had}, not {least}", PATHS_WAIT)
    return seconds


def grow_partition(call: Call) -> Reply:
    """Moves a partition's end in the table, then lets the kernel here know."""
    node, (number, _, end) = call.on.node, call.args
    disk = call.disk()
    part = _write_table(call, disk)
    _take_table(call.machine, disk, int(number), part.extent.size)
    return Reply(0, f"ok grown {node} {number} {end}\n", "", 2.0)


def grow_partition_cut_short(call: Call) -> None:
    """The table is written; the kernel does not know it."""
    _write_table(call, call.disk())


def _write_table(call: Call, disk: Device) -> Partition:
    node, (number, start, end) = call.on.node, map(int, call.args)
    call.needs("parted")
    part = _entry(call.machine, disk, number)
    _refuse_move(disk, number, start, end)
    if _last_sector(part) == end:
        return part
    try:
        dump = f"{number}: {part.start // SECTOR} {_last_sector(part)}\n"
        call.machine.files.write(f"{TABLES}/{disk.name}.dump", File(dump, "600"))
    except NoSpace:
        raise refusal("no-space", f"{TABLES}: no space left on device") from None
    part.extent.size = (end + 1) * SECTOR - part.start
    call.machine.record("partition-grown", f"{node} {number} {end}")
    return part


def _entry(machine: Machine, disk: Device, number: int) -> Partition:
    if machine.is_dead(disk):
        raise tool_failure("unreadable", f"the table of {disk.node}", 15.0)
    parts = disk.lun.partitions
    if number not in parts:
        rows = [f'NR="{n}" START="{p.start // SECTOR}"' for n, p in parts.items()]
        last = rows[-1] if rows else f"partx: {disk.node}: failed to read partition table"
        raise refusal("partition-missing", f"{disk.node} has no partition {number}: {last}")
    return parts[number]


def _refuse_move(disk: Device, number: int, start: int, end: int) -> None:
    parts = disk.lun.partitions
    part, content = parts[number], disk.lun.whole.content
    scheme = content.kind if isinstance(content, Signature) else "no table"
    tail = GPT_TAIL if scheme == "gpt" else 0
    last = disk.size // SECTOR - 1 - tail
    later = [p.start // SECTOR for p in parts.values() if p.start > part.start]
    behind = min(later, default=None)
    node, named = disk.node, f"partition {number} of {disk.node}"
    for code, wrong, message in (
        (
            "partition-moved",
            part.start != start * SECTOR,
            f"{named} begins at {part.start // SECTOR}, not {start}",
        ),
        (
            "shrink-refused",
            _last_sector(part) > end,
            f"{named} ends at {_last_sector(part)}, after {end}",
        ),
        (
            "partition-table",
            scheme not in ("gpt", "dos"),
            f"{node} has a table of the kind {scheme}",
        ),
        (
            "partition-limit",
            scheme == "dos" and end >= DOS_LIMIT,
            f"an MBR partition cannot end at sector {end}",
        ),
        ("device-size", end > last, f"{node} can be used up to sector {last}, not {end}"),
        (
            "partition-blocked",
            behind is not None and behind <= end,
            f"another partition of {node} begins at {behind}",
        ),
    ):
        if wrong:
            raise refusal(code, message)


def _last_sector(part: Partition) -> int:
    return (part.start + part.extent.size) // SECTOR - 1


def reread_partition(call: Call) -> Reply:
    """The kernel here takes the size that the table has."""
    node, (number, least) = call.on.node, call.args
    disk = call.disk()
    _take_table(call.machine, disk, int(number), int(least))
    return Reply(0, f"ok reread {node} {number} {least}\n", "", 1.0)


def _take_table(machine: Machine, disk: Device, number: int, wanted: int) -> None:
    """A partition that ends behind what the kernel knows of the disk stays as it was."""
    parts = [d for d in machine.running.devices if d.parent == disk.name]
    node = next((d for d in parts if d.partition == number), None)
    if node is not None and node.size == wanted:
        return
    for device in parts if not machine.is_dead(disk) else ():
        size = device.extent.size
        if device.size != size and (device.start or 0) + size <= disk.size:
            device.size = size
            machine.record("partition-reread", f"{device.node} {size}")
    if node is None or node.size != wanted:
        had = f"partition {number} of {disk.node} has {node.size if node else 'no'} bytes"
        message = f"{had} in the kernel, not {wanted}"
        raise tool_failure("partition-not-reread", message, TABLE_WAIT)

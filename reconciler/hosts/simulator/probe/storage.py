"""The section about block devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.probe.request import Request, Rows, join_list, row
from reconciler.hosts.simulator.state.disk import PHYSICAL_EXTENT, POOL, SECTOR

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.devices import Device
    from reconciler.hosts.simulator.state.machine import Machine


def disks(machine: Machine, request: Request) -> Rows:
    """Every disk and partition, then the stable links to them."""
    named = [device for ref in request.refs for device in whole_disks(machine, ref)]
    asked = [machine.whole(device) for device in named]
    shown = [device for device in machine.running.devices if not device.hidden]
    devices = sorted(shown, key=lambda device: device.name)
    for device in devices:
        tells = device in asked and _tells_capacity(machine, device)
        if device in asked:
            paths = machine.paths(device)
            failed = (path.name for path in paths if path.name in machine.failed_paths)
            yield from (row("state", name, "failed") for name in failed)
            down = filter(machine.is_down, paths)
            yield from (row("state", path.name, "transport-offline") for path in down)
        yield _disk(device, str(device.lun.whole.size) if tells else "-")
    links = [(link, device.name) for device in devices for link in device.links]
    mapped = [link for link in links if link[0].startswith("/dev/mapper/")]
    for link, name in (*mapped, *sorted(set(links) - set(mapped))):
        yield row("link", link, name)


def _tells_capacity(machine: Machine, disk: Device) -> bool:
    """sg_readcap's answer: of SCSI disks alone, and only if every path gives one."""
    down = any(map(machine.is_down, machine.paths(disk)))
    scsi = disk.lun.wwid is not None and not disk.name.startswith("nvme")
    return scsi and not down and "sg_readcap" in machine.setup.commands


def whole_disks(machine: Machine, ref: str) -> list[Device]:
    """What a reference means without its partition: a map hides its paths."""
    kind, _, word = ref.partition(",part=")[0].partition("=")
    shown = [device for device in machine.running.devices if not device.hidden]
    whole = [device for device in shown if device.partition is None]
    if kind == "path":
        device = machine.device(word)
        above = [d for d in whole if device and d.name in device.holders and device in whole]
        return above or ([device] if device else [])
    maps = [device for device in whole if device.dm_uuid == f"mpath-{word}"]
    return maps or [device for device in whole if device.wwid in {word, f"naa.{word[1:]}"}]


def _disk(device: Device, capacity: str) -> str:
    start = "-" if device.start is None else device.start // SECTOR
    holders = device.holders if device.dm_name or device.partition is None else ()
    return row(
        "disk",
        device.name,
        device.number,
        device.size // SECTOR,
        device.lun.sector,
        0,
        device.partition or "-",
        start,
        device.parent or "-",
        device.dm_name or "-",
        device.dm_uuid or "-",
        device.wwid or "-",
        join_list(device.slaves),
        join_list(holders),
        capacity,
    )


def logical_volumes(machine: Machine, request: Request) -> Rows:
    """What lvs tells of each that was asked for; a group of which nothing is said has room."""
    if request.logical and "lvs" not in machine.setup.commands:
        yield row("@@fail", "lvs is not there")
        return
    for name in request.logical:
        group = name.split("/")[0]
        if name not in machine.setup.logical:
            yield row("missing", name, f'Failed to find logical volume "{name}"')
            continue
        size = machine.world.luns[machine.setup.logical[name]].whole.size
        thin = machine.setup.thin.get(name)
        free = machine.setup.room.get(group, PLENTY)
        yield row("lv", name, size, free, PHYSICAL_EXTENT, "-" if thin is None else POOL)
        if thin is not None:
            yield row("pool", name, f"{thin}.00", "1.00")


PLENTY = 1 << 50

"""A storage host: logical volumes that are LUNs, and programs of the operator's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.disk import PHYSICAL_EXTENT, POOL
from reconciler.hosts.simulator.state.reply import Failed, Reply, refusal

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.disk import Lun
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.hosts.simulator.state.world import World

FULLEST = 80  # percent of a thin pool


def extend_lv(call: Call) -> Reply:
    """A logical volume gets at least so many bytes, rounded up to extents."""
    group, volume, least = call.args
    name, setup = f"{group}/{volume}", call.machine.setup
    call.needs("lvs", "lvextend")
    if name not in setup.logical:
        said = f'Failed to find logical volume "{name}"'
        raise refusal("backing-missing", f"{name}: {said}")
    lun = call.machine.world.luns[setup.logical[name]]
    size = -(-int(least) // PHYSICAL_EXTENT) * PHYSICAL_EXTENT
    if lun.whole.size < int(least):
        if setup.thin.get(name, 0) > FULLEST:
            used = f"{setup.thin[name]}.00 % of its data and 1.00 % of its metadata are used"
            raise refusal("thin-pool-full", f"{group}/{POOL}: {used}")
        had = f"{name} has {lun.whole.size} bytes, not {least}"
        _allocate(call.machine, group, size - lun.whole.size, had)
        call.machine.world.grow(lun.name, size)
        call.machine.record("extended", f"{name} {size}")
    return Reply(0, f"ok extended {name} {lun.whole.size}\n", "", 1.0)


def _allocate(machine: Machine, group: str, need: int, had: str) -> None:
    room = machine.setup.room
    if need > room.get(group, need):
        free, wanted = room[group] // PHYSICAL_EXTENT, -(-need // PHYSICAL_EXTENT)
        said = f"Insufficient free space: {wanted} extents needed, but only {free} available"
        raise refusal("no-space", f"{had}: {said}")
    if group in room:
        room[group] -= need


def grow_lun(machine: Machine, argv: tuple[str, ...]) -> Reply:
    """An array's own program: ``grow-lun LUN BYTES``; the LUN by its WWID or name."""
    _, word, size = argv
    lun = _lun(machine.world, word)
    if lun.whole.size < int(size):
        machine.world.grow(lun.name, int(size))
    return Reply(seconds=2.0)


def unmap(machine: Machine, argv: tuple[str, ...]) -> Reply:
    """An array's own program: ``unmap HOST LUN`` takes a LUN from a host."""
    _, host, word = argv
    lun = _lun(machine.world, word)
    machine.world.machines[host].dead_maps.add(lun.name)
    machine.world.record(host, "unmapped", lun.name)
    return Reply(seconds=2.0)


def _lun(world: World, word: str) -> Lun:
    for lun in world.luns.values():
        if word in (lun.name, lun.wwid):
            return lun
    raise Failed(1, f"no LUN {word}")

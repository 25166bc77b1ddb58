"""Power: cuts, orderly shutdowns and boots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import (
    hypervisor,
    mounting,
    ordering,
    services,
    tool_locks,
    units,
)
from reconciler.hosts.simulator.state.machine import Running
from reconciler.hosts.simulator.state.reply import Failed

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine


def cut(machine: Machine) -> None:
    """The power goes: what was mounted stays in slot maps, with a heartbeat that froze."""
    for mount in machine.running.mounts:
        mounting.stop_beating(machine, mount)
    tool_locks.freeze(machine)
    machine.running = Running()
    machine.record("power-off")


def stun(machine: Machine) -> None:
    """It stands still: its heartbeats, and its answers; what it has mounted stays so."""
    for mount in machine.running.mounts:
        mounting.stop_beating(machine, mount)
    tool_locks.freeze(machine)
    machine.refusal = "host-unreachable"
    machine.record("stunned")


def wake(machine: Machine) -> None:
    """It goes on, and knows of nothing."""
    for mount in machine.running.mounts:
        beat = mount.fs.beats.get(mount.number)
        if beat is not None and beat.host == machine.name:
            beat.stopped = None
    tool_locks.go_on(machine)
    machine.refusal = ""
    machine.record("woken")


def shut_down(machine: Machine) -> None:
    """An orderly end: guests, then mounts, then the cluster."""
    hypervisor.shut_down_all(machine)
    for mount in tuple(machine.running.mounts):
        mounting.unmount(machine, mount)
    cut(machine)


def reboot(machine: Machine) -> None:
    """An orderly restart."""
    shut_down(machine)
    switch_on(machine)


def switch_on(machine: Machine) -> None:
    """A boot: o2cb if it is enabled, then fstab's network mounts, then what else is enabled."""
    machine.start()
    ordering.read(machine)
    for name in ("o2cb.service", "ocfs2.service"):
        if name in machine.units:
            machine.units[name].boot()
            _start(machine, name)
    mounting.mount_fstab(machine)
    services.boot(machine)


def _start(machine: Machine, unit: str) -> None:
    if not machine.units[unit].enabled:
        return
    try:
        units.start(machine, unit)
    except Failed as failed:
        machine.record("unit-failed", f"{unit}: {failed}")

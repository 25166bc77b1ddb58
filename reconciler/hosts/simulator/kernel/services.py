"""systemctl for whatever is not the cluster's own: agents that use files on a volume."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import ordering
from reconciler.hosts.simulator.state.machine import Process
from reconciler.hosts.simulator.state.reply import Failed, Reply

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.hosts.simulator.state.unit import Unit

CLUSTER = ("o2cb.service", "ocfs2.service")
NAME = re.compile(
    r"(?!o2cb\.|ocfs2\.|.*@\.)[A-Za-z0-9][A-Za-z0-9:_.\\@-]*"
    r"\.(service|socket|target|timer|path|mount|automount)"
)
FIRST_PID = 1000


def start(machine: Machine, name: str) -> Reply:
    """Runs its processes; a mask is refused, and a condition that is unmet makes it do nothing."""
    if machine.is_masked(name):
        raise Failed(1, f"Failed to start {name}: Unit {name} is masked.")
    if name not in machine.units:
        raise Failed(5, f"Failed to start {name}: Unit {name} not found.")
    unit = machine.units[name]
    if unit.active != "active" and not _is_met(machine, unit):
        unit.since_boot = unit.since_boot.replace("missed", "unmet")
        machine.record("condition-unmet", name)
    elif unit.active != "active":
        unit.set("active", "running")
        for command, path in unit.uses:
            _run(machine, Process(0, command, path, name))
        machine.record("unit-started", name)
    return Reply()


def stop(machine: Machine, name: str) -> Reply:
    """Ends its processes."""
    if name not in machine.units:
        if machine.is_masked(name):
            return Reply()
        raise Failed(5, f"Failed to stop {name}: Unit {name} not loaded.")
    machine.units[name].set("inactive", "dead")
    machine.units[name].forget()
    running = machine.running
    running.processes = [process for process in running.processes if process.unit != name]
    machine.record("unit-stopped", name)
    return Reply()


def enable(machine: Machine, name: str) -> Reply:
    """Start links, nothing now."""
    if machine.is_masked(name):
        raise Failed(1, f"Failed to enable unit: Unit file {name} is masked.")
    return _set_enabled(machine, name, "enable")


def disable(machine: Machine, name: str) -> Reply:
    """No start links any more; of a masked unit it ignores them and says nothing is wrong."""
    if machine.is_masked(name):
        return Reply()
    return _set_enabled(machine, name, "disable")


def mask(machine: Machine, name: str) -> Reply:
    """Until the next boot, whether there is such a unit or not; what runs goes on."""
    machine.running.masked.add(name)
    ordering.read(machine)
    machine.record("masked", name)
    return Reply()


def unmask(machine: Machine, name: str) -> Reply:
    """Without complaint if there was no mask."""
    machine.running.masked.discard(name)
    ordering.read(machine)
    machine.record("unmasked", name)
    return Reply()


def boot(machine: Machine) -> None:
    """Starts what is enabled, after the mounts."""
    for name in machine.units.keys() - set(CLUSTER):
        machine.units[name].boot()
    for name in sorted(machine.units.keys() - set(CLUSTER)):
        if not machine.units[name].enabled:
            continue
        if path := ordering.cannot_start(machine, name):
            machine.record("unit-failed", f"{name}: {path} is not mounted")
        else:
            start(machine, name)


def _is_met(machine: Machine, unit: Unit) -> bool:
    return not unit.needs or unit.needs in {mount.path for mount in machine.running.mounts}


def _set_enabled(machine: Machine, name: str, verb: str) -> Reply:
    if name not in machine.units:
        raise Failed(1, f"Failed to {verb} unit: Unit file {name} does not exist.")
    machine.start_at_boot(name, wanted=verb == "enable")
    machine.units[name].forget()
    ordering.read(machine)  # systemctl has systemd read everything again
    machine.record(f"{verb}d", name)
    return Reply()


def _run(machine: Machine, process: Process) -> None:
    processes = machine.running.processes
    pid = max([FIRST_PID - 1, *(other.pid for other in processes)]) + 1
    processes.append(process._replace(pid=pid))

"""systemctl on Debian 12: what it does, and what it only claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import live, mounting, ordering
from reconciler.hosts.simulator.kernel.modprobe import load
from reconciler.hosts.simulator.kernel.texts import read_shell_variables
from reconciler.hosts.simulator.state.reply import Failed, Reply

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.hosts.simulator.state.unit import Unit

# Where the settings of o2cb are, on Debian and elsewhere.
O2CB_CONFIGS = ("/etc/default/o2cb", "/etc/sysconfig/o2cb")
MODULES = ("ocfs2_nodemanager", "ocfs2_stack_o2cb", "ocfs2_dlmfs")  # mount brings ocfs2
TIMEOUTS = {
    "O2CB_HEARTBEAT_THRESHOLD": "dead_threshold",
    "O2CB_IDLE_TIMEOUT_MS": "idle_timeout_ms",
    "O2CB_KEEPALIVE_DELAY_MS": "keepalive_delay_ms",
    "O2CB_RECONNECT_DELAY_MS": "reconnect_delay_ms",
}


def start(machine: Machine, unit: str) -> Reply:
    """Does nothing when the unit is active: that is what `active (exited)` means."""
    state = _unit(machine, unit)
    if state.active == "active":
        return Reply()
    if unit == "o2cb.service":
        _bring_online(machine)
    else:
        mounting.mount_fstab(machine, looks_in=True)
    _mark_started(machine, unit)
    return Reply(seconds=2.0)


def restart(machine: Machine, unit: str) -> Reply:
    """With a region active o2cb says `already online`, re-reads nothing and exits 0."""
    _unit(machine, unit)
    if unit == "o2cb.service" and machine.running.mounts:
        machine.record("restart-ignored", unit)
        machine.log("o2cb: Unable to stop cluster as heartbeat region still active")
    elif unit == "o2cb.service":
        _take_offline(machine)
        _bring_online(machine)
    _mark_started(machine, unit)
    return Reply(seconds=4.0)


def stop(machine: Machine, unit: str) -> Reply:
    """With a region active the cluster stays online, the unit fails, and the status is 0."""
    state = _unit(machine, unit)
    if unit == "o2cb.service" and machine.running.mounts:
        machine.record("stop-ignored", unit)
        machine.log("o2cb: Unable to stop cluster as heartbeat region still active")
        state.set("failed", "failed")
    else:
        _take_offline(machine)
        state.set("inactive", "dead")
    return Reply(seconds=2.0)


def enable(machine: Machine, unit: str) -> Reply:
    """Start links, nothing now."""
    _unit(machine, unit)
    machine.start_at_boot(unit, wanted=True)
    ordering.read(machine)  # systemctl has systemd read everything again
    machine.record("enabled", unit)
    return Reply(seconds=0.5)


def disable(machine: Machine, unit: str) -> Reply:
    """No start links any more, nothing now."""
    _unit(machine, unit)
    machine.start_at_boot(unit, wanted=False)
    ordering.read(machine)
    machine.record("disabled", unit)
    return Reply(seconds=0.5)


def _unit(machine: Machine, name: str) -> Unit:
    if name not in machine.units:
        raise Failed(5, f"Failed to find unit file: Unit {name} not found.")
    return machine.units[name]


def _mark_started(machine: Machine, unit: str) -> None:
    """Of o2cb something keeps running while its cluster is online: o2hbmonitor."""
    runs = unit == "o2cb.service" and machine.running.live is not None
    machine.units[unit].set("active", "running" if runs else "exited")


def _take_offline(machine: Machine) -> None:
    """Stopping o2cb unloads what it can, also the file system that it did not load."""
    if machine.running.live:
        machine.record("cluster-offline", machine.running.live.name)
    machine.running.live = None
    machine.running.loaded &= {"ocfs2_nodemanager"}


def _bring_online(machine: Machine) -> None:
    settings = read_shell_variables(
        machine.files.text(O2CB_CONFIGS[machine.setup.manager != "dpkg"])
    )
    if settings.get("O2CB_ENABLED") != "true" or machine.running.live:
        return  # or it says `already online`
    try:
        for module in MODULES:
            load(machine, module)
        live.register(machine, settings.get("O2CB_BOOTCLUSTER", "ocfs2"))
    except Failed as failed:
        machine.units["o2cb.service"].set("failed", "failed")
        message = (
            "Job for o2cb.service failed because the control process exited with error code."
        )
        raise Failed(1, message) from failed
    _apply_timeouts(machine, settings)


def _apply_timeouts(machine: Machine, settings: dict[str, str]) -> None:
    cluster = machine.running.live
    for key, attribute in TIMEOUTS.items():
        if settings.get(key, "").isdecimal():
            setattr(cluster, attribute, int(settings[key]))

"""The lease file of a host: one run at a time, whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.files import File, NoSpace
from reconciler.hosts.simulator.reply import Reply, refused

if TYPE_CHECKING:
    from reconciler.hosts.simulator.call import Call
    from reconciler.hosts.simulator.machine import Machine

PATH = "/var/lib/reconcile/lease"
EXPIRY = 120  # seconds without renewal after which the gate gives a lease to another run
READING = ("probe", "gate lease-")  # all else keeps a lease from being displaced


def read(machine: Machine) -> dict[str, str]:
    """The fields of the lease, empty without one."""
    lines = machine.files.text(PATH).splitlines()
    return dict(line.split("\t", 1) for line in lines)


def age(machine: Machine) -> int:
    """Whole seconds since the renewal; after a reboot since the boot."""
    held = read(machine)
    before = held["boot"] != machine.running.boot_id
    return int(machine.uptime) - (0 if before else int(held["renewed"]))


def acquire(call: Call) -> Reply:
    """Takes the lease if it is free, this run's, the one that may be stolen, or expired."""
    _, run, holder, steal = call.args
    held = read(call.machine)
    if held and held["run"] not in (run, steal) and age(call.machine) <= EXPIRY:
        what = "\t".join([held["run"], held["holder"], str(age(call.machine))])
        raise refused("lease-held", what)
    if held.get("run") != run and _works(call.machine):
        before = f"run {held['run']}" if held else "an earlier run"
        raise refused("lease-busy", f"a command of {before} still works here")
    _write(call.machine, run, holder)
    call.machine.world.controllers[call.machine.name] = call.controller
    call.machine.record("lease-acquired", run)
    return Reply(stdout=f"ok acquired {run}\n")


def _works(machine: Machine) -> bool:
    return any(not name.startswith(READING) for name in machine.busy)


def renew(call: Call) -> Reply:
    """Notes that the run is alive."""
    held = _own(call)
    _write(call.machine, held["run"], held["holder"])
    return Reply(stdout=f"ok renewed {held['run']}\n")


def release(call: Call) -> Reply:
    """Gives the lease back; without one there is nothing to do."""
    run = call.args[1]
    if read(call.machine):
        _own(call)
        call.machine.files.remove(PATH)
        call.machine.world.controllers.pop(call.machine.name, None)
        call.machine.record("lease-released", run)
    return Reply(stdout=f"ok released {run}\n")


def _own(call: Call) -> dict[str, str]:
    held = read(call.machine)
    if held.get("run") != call.args[1]:
        raise refused("lease-lost", held.get("run", "no lease"))
    return held


def _write(machine: Machine, run: str, holder: str) -> None:
    fields = {
        "run": run,
        "holder": holder,
        "boot": machine.running.boot_id,
        "renewed": str(int(machine.uptime)),
    }
    text = "".join(f"{key}\t{value}\n" for key, value in fields.items())
    try:
        machine.files.write(PATH, File(text, "600"))
    except NoSpace:
        raise refused("no-space", f"{PATH}: no space left on device") from None

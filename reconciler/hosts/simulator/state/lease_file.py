"""The lease and the pause as a host keeps them on its disk, and what their age is.

What stands there is decided by the product's own table (`reconciler.gate.lease_decision`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.gate.lease_decision import GARBLED, Lease, Moment, age

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine

STATE = "/var/lib/reconcile"
PATH = f"{STATE}/lease"
PAUSED = f"{STATE}/paused"
ROOM = 2 * 32768  # bytes of the file and of its spare, which keep their place from then on
MEMBER = "-"


def path(scope: str) -> str:
    """Where the lease of a scope is kept."""
    return PATH if scope == MEMBER else f"{STATE}/{scope}/lease"


def fields(machine: Machine, where: str = PATH) -> dict[str, str]:
    """The lines of a state file, empty without one."""
    lines = machine.files.text(where).splitlines()
    return dict(line.split("\t", 1) for line in lines)


def read(machine: Machine, scope: str = MEMBER) -> Lease:
    """What stands on the disk; a lease that cannot be read is of nobody's run, GARBLED."""
    if not machine.files.text(path(scope)):
        return Lease()
    try:
        return _parse(fields(machine, path(scope)))
    except (ValueError, KeyError):
        return Lease(int(machine.world.clock(machine)), GARBLED)


def _parse(found: dict[str, str]) -> Lease:
    return Lease(
        int(found["token"]),
        found["run"],
        found["sealed"] == "1",
        found["holder"],
        tuple(h for h in found["hosts"].split(",") if h),
        found["boot"],
        int(found["renewed"]),
        int(found["step"]),
        found["action"],
        found["began"],
    )


def text(lease: Lease) -> str:
    """As the gate writes it, without what it pads the file with."""
    rows = {
        "token": lease.token,
        "run": lease.run,
        "sealed": int(lease.sealed),
        "holder": lease.holder,
        "hosts": ",".join(lease.hosts),
        "boot": lease.boot,
        "renewed": lease.renewed,
        "step": lease.step,
        "action": lease.action,
        "began": lease.began,
    }
    return "".join(f"{key}\t{value}\n" for key, value in rows.items())


def age_of(machine: Machine, scope: str = MEMBER) -> int:
    """Whole seconds since the renewal; after a reboot since the boot."""
    return age(read(machine, scope), moment(machine, scope))


def is_paused(machine: Machine) -> bool:
    """Whether an operator wants nothing to run here, by the host's own clock."""
    found = fields(machine, PAUSED)
    until = found.get("until", "-")
    return bool(found) and not (
        until.isdecimal() and machine.world.clock(machine) >= int(until)
    )


def moment(machine: Machine, scope: str) -> Moment:
    """The host now."""
    running = scope in machine.running.works.values()
    uptime = int(machine.uptime)
    return Moment(machine.running.boot_id, uptime, running, is_paused(machine))

"""The lease file of a host: what the gate decides by, as the product's own table has it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from reconciler.gate.decision import (
    GARBLED,
    Acquire,
    Act,
    Answer,
    Free,
    Lease,
    Moment,
    Renew,
    Request,
    Seal,
    Unlock,
    age,
    decide,
)
from reconciler.hosts.simulator.files import File
from reconciler.hosts.simulator.reply import Reply, refused

if TYPE_CHECKING:
    from reconciler.hosts.simulator.call import Call
    from reconciler.hosts.simulator.machine import Machine
    from reconciler.model.gate_call import Permit

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
    """What stands on the disk."""
    if not machine.files.text(path(scope)):
        return Lease()
    try:
        return _parsed(fields(machine, path(scope)))
    except (ValueError, KeyError):
        return Lease(int(machine.world.clock(machine)), GARBLED)


def _parsed(found: dict[str, str]) -> Lease:
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


def _asked(machine: Machine, scope: str, ask: Request) -> Answer:
    """Decides, and keeps what stands from now on; refused as the gate does."""
    old = read(machine, scope)
    answer = decide(old, moment(machine, scope), ask)
    if answer.code:
        raise refused(answer.code, _words(machine, scope, answer.code, ask))
    where = path(scope)
    if where not in machine.files.by_path and not machine.files.reserve(where, ROOM):
        raise refused("no-space", f"{where}: no space left on device")
    machine.files.keep(where, File(text(answer.lease), "600"))
    return answer


def _words(machine: Machine, scope: str, code: str, ask: Request) -> str:
    lease = read(machine, scope)
    reason = fields(machine, PAUSED)
    step, until = (ask.step, ask.until) if isinstance(ask, Act) else (0, 0)
    late = int(machine.uptime) - until
    return {
        "paused": f"{reason.get('by')}: {reason.get('reason')}",
        "lease-held": "\t".join([lease.run, lease.holder, str(age_of(machine, scope))]),
        "lease-busy": f"run {lease.run or 'that has ended'} still works here"
        + (f" at {lease.action}" if lease.action else ""),
        "lease-lost": f"{ask.run} has ended"
        if lease.sealed and lease.run == ask.run
        else lease.run or "no lease",
        "lease-garbled": f"{path(scope)} cannot be read",
        "lease-open": f"{ask.run} is not sealed here",
        "rebooted": "this host has booted since it was looked at",
        "action-repeated": f"step {step} of {ask.run} has been here: {lease.action}",
        "facts-stale": f"it took {late} s too long to come here",
    }[code]


def acquire(call: Call) -> Reply:
    """Takes the lease if it is free, this run's, a dead run's, sealed, or expired."""
    scope, run, holder, hosts, displaces = call.args
    machine, before = call.machine, read(call.machine, scope)
    ask = Acquire(run, holder, tuple(hosts.split(",")), displaces.removeprefix("-"))
    answer = _asked(machine, scope, ask)
    if scope == MEMBER:
        machine.world.controllers[machine.name] = call.controller
    machine.record("lease-acquired", run)
    more = ""
    if before.run:
        more = f"displaced {before.run} {','.join(before.hosts) or '-'}\n"
    return Reply(stdout=f"ok acquired {run} {answer.lease.token}\n{more}")


def renew(call: Call) -> Reply:
    """Notes that the run is alive."""
    scope, run, token = call.args
    _asked(call.machine, scope, Renew(run, int(token)))
    now = moment(call.machine, scope)
    return Reply(stdout=f"ok renewed {run} {now.boot} {now.uptime}\n")


def seal(call: Call) -> Reply:
    """Nothing of the run starts here any more."""
    scope, run, token = call.args
    _asked(call.machine, scope, Seal(run, int(token)))
    call.machine.record("lease-sealed", run)
    return Reply(stdout=f"ok sealed {run}\n")


def free(call: Call) -> Reply:
    """Gives the lease back."""
    scope, run, token = call.args
    _asked(call.machine, scope, Free(run, int(token)))
    _freed(call.machine, scope, run)
    return Reply(stdout=f"ok freed {run}\n")


def unlock(call: Call) -> Reply:
    """An operator takes the lease from a run."""
    scope, run = call.args
    answer = _asked(call.machine, scope, Unlock(run))
    _freed(call.machine, scope, run)
    return Reply(stdout=f"ok unlocked {run} {answer.lease.token}\n")


def _freed(machine: Machine, scope: str, run: str) -> None:
    if scope == MEMBER:
        machine.world.controllers.pop(machine.name, None)
    machine.record("lease-released", run)


def act(machine: Machine, permit: Permit) -> None:
    """Lets a command begin, once; it works here until ``ended``."""
    ask = Act(permit.run, permit.token, permit.step, permit.boot, permit.until, permit.action)
    _asked(machine, permit.scope, ask)
    machine.running.works[worker()] = permit.scope


def works(machine: Machine) -> bool:
    """Whether a run has begun something here in this task."""
    return worker() in machine.running.works


def ended(machine: Machine) -> None:
    """What this task began here has ended."""
    machine.running.works.pop(worker(), None)


def worker() -> int:
    """What tells apart who works at the same time."""
    return id(asyncio.current_task())


def pause(call: Call) -> Reply:
    """Nothing starts here until then."""
    cluster, reason, by, until = call.args
    if is_paused(call.machine):
        found = fields(call.machine, PAUSED)
        raise refused("paused", f"{found.get('by')}: {found.get('reason')}")
    since = call.machine.world.clock(call.machine)
    if until.startswith("+"):
        until = str(since + int(until))
    rows = {"cluster": cluster, "reason": reason, "by": by, "since": since, "until": until}
    lines = "".join(f"{key}\t{value}\n" for key, value in rows.items())
    call.machine.files.write(PAUSED, File(lines, "600"))
    call.machine.record("paused", reason)
    return Reply(stdout=f"ok paused {cluster}\n")


def resume(call: Call) -> Reply:
    """As if nobody had paused it."""
    call.machine.files.remove(PAUSED)
    call.machine.record("resumed")
    return Reply(stdout="ok resumed\n")

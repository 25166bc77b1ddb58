"""The verbs of the lease and of the pause: what the gate decides by the product's own table."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from reconciler.gate.lease_decision import (
    Acquire,
    Act,
    Answer,
    Free,
    Renew,
    Request,
    Seal,
    Unlock,
    decide,
)
from reconciler.hosts.simulator.state import lease_file
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.reply import Reply, refusal

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.model.gate_call import Permit


def _decide_and_keep(machine: Machine, scope: str, ask: Request) -> Answer:
    """Decides, and keeps what stands from now on; refused as the gate does."""
    old = lease_file.read(machine, scope)
    answer = decide(old, lease_file.moment(machine, scope), ask)
    if answer.code:
        raise refusal(answer.code, _explain(machine, scope, answer.code, ask))
    where = lease_file.path(scope)
    if where not in machine.files.by_path and not machine.files.reserve(where, lease_file.ROOM):
        raise refusal("no-space", f"{where}: no space left on device")
    machine.files.keep(where, File(lease_file.text(answer.lease), "600"))
    return answer


def _explain(machine: Machine, scope: str, code: str, ask: Request) -> str:
    lease = lease_file.read(machine, scope)
    reason = lease_file.fields(machine, lease_file.PAUSED)
    step, until = (ask.step, ask.until) if isinstance(ask, Act) else (0, 0)
    late = int(machine.uptime) - until
    return {
        "paused": f"{reason.get('by')}: {reason.get('reason')}",
        "lease-held": "\t".join(
            [lease.run, lease.holder, str(lease_file.age_of(machine, scope))]
        ),
        "lease-busy": f"run {lease.run or 'that has ended'} still works here"
        + (f" at {lease.action}" if lease.action else ""),
        "lease-lost": f"{ask.run} has ended"
        if lease.sealed and lease.run == ask.run
        else lease.run or "no lease",
        "lease-garbled": f"{lease_file.path(scope)} cannot be read",
        "lease-open": f"{ask.run} is not sealed here",
        "rebooted": "this host has booted since it was looked at",
        "action-repeated": f"step {step} of {ask.run} has been here: {lease.action}",
        "facts-stale": f"it took {late} s too long to come here",
    }[code]


def acquire(call: Call) -> Reply:
    """Takes the lease if it is free, this run's, a dead run's, sealed, or expired."""
    scope, run, holder, hosts, displaces = call.args
    machine, before = call.machine, lease_file.read(call.machine, scope)
    ask = Acquire(run, holder, tuple(hosts.split(",")), displaces.removeprefix("-"))
    answer = _decide_and_keep(machine, scope, ask)
    if scope == lease_file.MEMBER:
        machine.world.controllers[machine.name] = call.controller
    machine.record("lease-acquired", run)
    more = ""
    if before.run:
        more = f"displaced {before.run} {','.join(before.hosts) or '-'}\n"
    return Reply(stdout=f"ok acquired {run} {answer.lease.token}\n{more}")


def renew(call: Call) -> Reply:
    """Notes that the run is alive."""
    scope, run, token = call.args
    _decide_and_keep(call.machine, scope, Renew(run, int(token)))
    now = lease_file.moment(call.machine, scope)
    return Reply(stdout=f"ok renewed {run} {now.boot} {now.uptime}\n")


def seal(call: Call) -> Reply:
    """Nothing of the run starts here any more."""
    scope, run, token = call.args
    _decide_and_keep(call.machine, scope, Seal(run, int(token)))
    call.machine.record("lease-sealed", run)
    return Reply(stdout=f"ok sealed {run}\n")


def free(call: Call) -> Reply:
    """Gives the lease back."""
    scope, run, token = call.args
    _decide_and_keep(call.machine, scope, Free(run, int(token)))
    _release(call.machine, scope, run)
    return Reply(stdout=f"ok freed {run}\n")


def unlock(call: Call) -> Reply:
    """An operator takes the lease from a run."""
    scope, run = call.args
    answer = _decide_and_keep(call.machine, scope, Unlock(run))
    _release(call.machine, scope, run)
    return Reply(stdout=f"ok unlocked {run} {answer.lease.token}\n")


def _release(machine: Machine, scope: str, run: str) -> None:
    if scope == lease_file.MEMBER:
        machine.world.controllers.pop(machine.name, None)
    machine.record("lease-released", run)


def act(machine: Machine, permit: Permit) -> None:
    """Lets a command begin, once; it works here until ``ended``."""
    ask = Act(permit.run, permit.token, permit.step, permit.boot, permit.until, permit.action)
    _decide_and_keep(machine, permit.scope, ask)
    machine.running.works[worker()] = permit.scope
    machine.world.begins(machine.name, permit)


def is_working(machine: Machine) -> bool:
    """Whether a run has begun something here in this task."""
    return worker() in machine.running.works


def end_work(machine: Machine) -> None:
    """What this task began here has ended."""
    machine.running.works.pop(worker(), None)


def worker() -> int:
    """What tells apart who works at the same time."""
    return id(asyncio.current_task())


def pause(call: Call) -> Reply:
    """Nothing starts here until then."""
    cluster, reason, by, until = call.args
    if lease_file.is_paused(call.machine):
        found = lease_file.fields(call.machine, lease_file.PAUSED)
        raise refusal("paused", f"{found.get('by')}: {found.get('reason')}")
    since = call.machine.world.clock(call.machine)
    if until.startswith("+"):
        until = str(since + int(until))
    rows = {"cluster": cluster, "reason": reason, "by": by, "since": since, "until": until}
    lines = "".join(f"{key}\t{value}\n" for key, value in rows.items())
    call.machine.files.write(lease_file.PAUSED, File(lines, "600"))
    call.machine.record("paused", reason)
    return Reply(stdout=f"ok paused {cluster}\n")


def resume(call: Call) -> Reply:
    """As if nobody had paused it."""
    call.machine.files.remove(lease_file.PAUSED)
    call.machine.record("resumed")
    return Reply(stdout="ok resumed\n")

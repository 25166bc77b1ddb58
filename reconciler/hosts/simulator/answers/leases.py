"""The sections about who may act here: leases, and the pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.gate.decision import GARBLED
from reconciler.hosts.simulator import lease
from reconciler.hosts.simulator.answers.request import Request, Rows, row
from reconciler.hosts.simulator.reply import Failed

if TYPE_CHECKING:
    from reconciler.hosts.simulator.machine import Machine


def leases(machine: Machine, _: Request) -> Rows:
    """Each lease, with its age by the host's own uptime; the host's own first."""
    yield from _lease(machine, lease.MEMBER)
    for path in sorted(machine.files.by_path):
        scope, _slash, name = path.removeprefix(f"{lease.STATE}/").partition("/")
        if path.startswith(lease.STATE) and name == "lease":
            yield from _lease(machine, scope)


def pauses(machine: Machine, _: Request) -> Rows:
    """The pause that holds on the host."""
    if lease.is_paused(machine):
        found = lease.fields(machine, lease.PAUSED)
        yield row("paused", *(found[k] for k in ("cluster", "reason", "by", "since", "until")))


def _lease(machine: Machine, scope: str) -> Rows:
    works = [
        f"{1000 + place} {name}"
        for place, (worker, name) in enumerate(machine.busy)
        if machine.running.works.get(worker) == scope
    ]
    running = ", ".join(works) or "no"
    held = lease.read(machine, scope)
    if held.run == GARBLED and not held.sealed:
        raise Failed(1, "the lease file is garbled")
    if not held.run:
        if works:
            yield row("lease", scope, "-", "-", 0, 0, 0, "-", "-", running)
        return
    begun = {"": "-", machine.running.boot_id: "now"}.get(held.began, "before")
    did = (int(held.sealed), held.step, held.action or "-", begun)
    age = lease.age_of(machine, scope)
    yield row("lease", scope, held.run, held.holder, age, *did, running)
    for host in held.hosts:
        yield row("with", scope, host)

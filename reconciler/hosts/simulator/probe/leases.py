"""The sections about who may act here: leases, and the pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.gate.lease_decision import GARBLED
from reconciler.hosts.simulator.probe.request import Request, Rows, row
from reconciler.hosts.simulator.state import lease_file
from reconciler.hosts.simulator.state.reply import Failed

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine


def leases(machine: Machine, _: Request) -> Rows:
    """Each lease, with its age by the host's own uptime; the host's own first."""
    yield from _lease(machine, lease_file.MEMBER)
    for path in sorted(machine.files.by_path):
        scope, _slash, name = path.removeprefix(f"{lease_file.STATE}/").partition("/")
        if path.startswith(lease_file.STATE) and name == "lease":
            yield from _lease(machine, scope)


def pauses(machine: Machine, _: Request) -> Rows:
    """The pause that holds on the host."""
    if lease_file.is_paused(machine):
        found = lease_file.fields(machine, lease_file.PAUSED)
        yield row("paused", *(found[k] for k in ("cluster", "reason", "by", "since", "until")))


def _lease(machine: Machine, scope: str) -> Rows:
    works = [
        f"{1000 + place} {name}"
        for place, (worker, name) in enumerate(machine.busy)
        if machine.running.works.get(worker) == scope
    ]
    running = ", ".join(works) or "no"
    held = lease_file.read(machine, scope)
    if held.run == GARBLED and not held.sealed:
        raise Failed(1, "the lease file is garbled")
    if not held.run:
        if works:
            yield row("lease", scope, "-", "-", 0, 0, 0, "-", "-", running)
        return
    begun = {"": "-", machine.running.boot_id: "now"}.get(held.began, "before")
    did = (int(held.sealed), held.step, held.action or "-", begun)
    age = lease_file.age_of(machine, scope)
    yield row("lease", scope, held.run, held.holder, age, *did, running)
    for host in held.hosts:
        yield row("with", scope, host)

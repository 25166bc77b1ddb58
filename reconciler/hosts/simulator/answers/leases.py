"""The sections about who may act here: leases, and the pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.answers.request import Request, Rows, row

if TYPE_CHECKING:
    from reconciler.hosts.simulator.machine import Machine

STATE = "/var/lib/reconcile"
LEASE, PAUSED = f"{STATE}/lease", f"{STATE}/paused"
# What a host runs and what is of no run.
OF_NO_RUN = ("probe", "gate lease-", "gate pause", "gate resume")


def leases(machine: Machine, _: Request) -> Rows:
    """Each lease, with its age by the host's own uptime; the host's own first."""
    yield from _lease(machine, "-", LEASE)
    for path in sorted(machine.files.by_path):
        scope, _slash, name = path.removeprefix(f"{STATE}/").partition("/")
        if path.startswith(STATE) and name == "lease":
            yield from _lease(machine, scope, path)


def pauses(machine: Machine, _: Request) -> Rows:
    """The pause that holds on the host."""
    found = _fields(machine, PAUSED)
    if found and (found["until"] == "-" or int(found["until"]) > machine.world.clock(machine)):
        yield row("paused", *(found[k] for k in ("cluster", "reason", "by", "since", "until")))


def _lease(machine: Machine, scope: str, path: str) -> Rows:
    works = [name for name in machine.busy if not name.startswith(OF_NO_RUN)]
    running = ", ".join(f"{pid} {name}" for pid, name in enumerate(works, 1001)) or "no"
    held = _fields(machine, path)
    if not held.get("run"):
        if works:
            yield row("lease", scope, "-", "-", 0, 0, 0, "-", "-", running)
        return
    boot = machine.running.boot_id
    renewed = int(held["renewed"]) if held["boot"] == boot else 0
    age = max(0, int(machine.uptime) - renewed)
    begun = {"": "-", boot: "now"}.get(held.get("began", ""), "before")
    did = (held.get("sealed", "0"), held.get("step", "0"), held.get("action") or "-", begun)
    yield row("lease", scope, held["run"], held["holder"], age, *did, running)
    for host in filter(None, held.get("hosts", "").split(",")):
        yield row("with", scope, host)


def _fields(machine: Machine, path: str) -> dict[str, str]:
    """A file of the gate's: a key and a value a line."""
    lines = machine.files.text(path).splitlines()
    return {key: value for key, _tab, value in (line.partition("\t") for line in lines)}

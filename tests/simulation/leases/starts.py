"""The laws of a start: what is true whenever a host lets a command begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reconciler.execution.locks import FRESH

if TYPE_CHECKING:
    from tests.simulation.leases.places import Place
    from tests.simulation.leases.runs import Message
    from tests.simulation.leases.world import World

Law = Callable[["World", "Place", "Message"], bool]


def _nothing_near(world: World, _place: Place, message: Message) -> bool:
    run = message.run
    others = world.runs.values()
    return not any(o.running and o is not run and o.bits & run.bits for o in others)


def _nothing_since(world: World, _place: Place, message: Message) -> bool:
    run = message.run
    others = world.runs.values()
    return not any(
        o.last_start > run.began and o is not run and o.bits & run.bits for o in others
    )


def _first_time(_world: World, place: Place, message: Message) -> bool:
    started = message.run.started
    return message.step.id not in started and (place.name, message.request.step) not in started


def _in_order(world: World, _place: Place, message: Message) -> bool:
    done, run = world.done, message.run
    planned = run.job.by_id.get(message.step.id, message.step)
    return all(need in done or need in run.looked for need in planned.needs)


# The host has its ledger already as it is after the start; what runs there is not yet the new one.
STARTS: Mapping[str, Law] = {
    "I1: nothing of another run runs": _nothing_near,
    "I1: nothing of another began since the lock": _nothing_since,
    "I5: in the boot that was seen": lambda _, p, m: m.sight[0] == p.machine.boot,
    "I5: in time by the host's clock": lambda w, p, m: (
        m.request.boot != p.machine.boot or p.machine.uptime(w.now) <= m.request.until
    ),
    "I5: on facts of 30 s at most": lambda w, p, m: (
        m.sight[0] != p.machine.boot or p.machine.uptime(w.now) - m.sight[1] <= FRESH
    ),
    "the lease names all hosts of its run": lambda _, p, m: p.hosts.issuperset(m.run.seats),
    "I16: no action and no step twice": _first_time,
    "S4: of the run that has it, unsealed": lambda _, p, m: p.may_start(m.run),
    "S4: not once it has sealed all": lambda _, _p, m: not m.run.sealed_all,
    "nothing starts while paused": lambda _, p, _m: not p.machine.paused,
    "one command at a time": lambda _, p, _m: p.work is None,
    "the plan's order": _in_order,
    "nothing that is done": lambda w, _, m: m.step.id not in w.done,
}

"""What each kind of trouble does; by a message of a controller, or by the second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING

from reconciler.execution.locks import FRESH
from reconciler.gate.lease_decision import GARBLED, Act, Free, Renew, Request, Seal, Unlock
from tests.simulation.leases.jobs import Todo
from tests.simulation.leases.runs import ANSWER, Message
from tests.simulation.leases.scenario import Trouble

if TYPE_CHECKING:
    from tests.simulation.leases.places import Machine, Place
    from tests.simulation.leases.world import World

# An operator types for so long, in seconds.
TYPING = 4.0
# Seconds that a host is off at least.
BOOT = 2.0


# ---- a message: whether it goes its way all the same --------------------------------------------


def _late(world: World, message: Message, trouble: Trouble, way: float) -> bool:
    world.later(way + trouble.seconds, world.arrive, message)
    world.give_up_at(message, message.sent + ANSWER)
    return _noted(world, message, trouble, goes=False)


def _lost(world: World, message: Message, trouble: Trouble, _way: float) -> bool:
    world.give_up_at(message, message.sent + ANSWER)
    return _noted(world, message, trouble, goes=False)


def _unheard(world: World, message: Message, trouble: Trouble, _way: float) -> bool:
    message.fate = "unheard"
    world.give_up_at(message, message.sent + ANSWER)
    return _noted(world, message, trouble, goes=True)


def _doubled(world: World, message: Message, trouble: Trouble, way: float) -> bool:
    """The second one's answer is nobody's."""
    other = copy(message)
    other.heard = True
    world.later(way + trouble.seconds, world.arrive, other)
    return _noted(world, message, trouble, goes=True)


def _overtaken(world: World, message: Message, trouble: Trouble, _way: float) -> bool:
    """The host boots while it is on its way, and is back before it comes."""
    machine = world.machines[message.place.partition(":")[0]]
    _boot(world, machine, 0.0)
    world.later(BOOT + 1.0, world.arrive, message)
    return _noted(world, message, trouble, goes=False)


def _fails(world: World, message: Message, trouble: Trouble, _way: float) -> bool:
    """The tool of a command ends badly; of other messages nothing is to fail."""
    if message.step:
        message.fate = "fails"
        _noted(world, message, trouble, goes=True)
    return True


def _stunned(world: World, message: Message, trouble: Trouble, _way: float) -> bool:
    """The controller's process is stopped for a while, just after it has sent this."""
    message.run.controller.awake = world.now + trouble.seconds
    return _noted(world, message, trouble, goes=True)


def _killed(world: World, message: Message, trouble: Trouble, _way: float) -> bool:
    _noted(world, message, trouble, goes=True)
    message.run.controller.kill(trouble.seconds)
    return True


def _stopped(world: World, message: Message, trouble: Trouble, _way: float) -> bool:
    """Somebody presses Ctrl-C: what runs ends, nothing more is started."""
    message.run.lose()
    return _noted(world, message, trouble, goes=True)


def _noted(world: World, message: Message, trouble: Trouble, *, goes: bool) -> bool:
    world.seen[trouble.kind] += 1
    asks = type(message.request).__name__ if message.request is not None else "look"
    world.note("trouble", trouble.kind, message.run.name, trouble.seconds, asks, message.place)
    return goes


# ---- a host, or an operator ---------------------------------------------------------------------


def _freeze(world: World, trouble: Trouble) -> None:
    machine = _machine(world, trouble)
    machine.thaw = max(machine.thaw, world.now + trouble.seconds)
    if trouble.kind == "frozen with its clock":
        machine.booted += trouble.seconds


def _reboot(world: World, trouble: Trouble) -> None:
    _boot(world, _machine(world, trouble), trouble.seconds)


def _boot(world: World, machine: Machine, seconds: float) -> None:
    world.die(machine)
    machine.reboot(world.now, BOOT + seconds)


def _pause(world: World, trouble: Trouble) -> None:
    machine = _machine(world, trouble)
    machine.paused = True
    world.later(trouble.seconds, _resume, world, machine)


def _resume(world: World, machine: Machine) -> None:
    machine.paused = False
    world.note("resumed", machine.name)


def _garble(world: World, trouble: Trouble) -> None:
    """The file of a lease cannot be read any more.

    Then nobody knows the hosts of who had it, and an operator answers for them. So this befalls
    only those who all have the same file.
    """
    if len({(part.plan, part.shift) for part in world.scenario.parts}) == 1:
        world.places[trouble.who].garble(world.now)


def _unlock(world: World, trouble: Trouble) -> None:
    """An operator looks who has the leases of a file, thinks it over, and unlocks them."""
    controller = world.controllers[trouble.who]
    for name in controller.job.places:
        place = world.places[name]
        if place.lease.run not in {"", GARBLED}:
            ask = Unlock(place.lease.run)
            world.later(trouble.seconds, _type, world, place, ask)


def _type_stale(world: World, trouble: Trouble) -> None:
    """A verb of the gate is typed by hand, with the token that a run had before."""
    place = world.places[trouble.who]
    ask = STALE[trouble.kind](place.lease.run or "a1", place.lease.token - 1)
    world.later(TYPING, _type, world, place, ask)


def _type_free(world: World, trouble: Trouble) -> None:
    """A lease is given back by hand, without a seal: under the hands of the run that has it."""
    place = world.places[trouble.who]
    run, token = place.lease.run, place.lease.token
    world.later(TYPING, _type_if, world, place, Free(run, token))


def _type_if(world: World, place: Place, ask: Free) -> None:
    """Not while the run itself seals and frees."""
    if not place.lease.sealed:
        _type(world, place, ask)


def _type(world: World, place: Place, ask: Request) -> None:
    if not world.calm and world.now >= max(place.machine.off_until, place.machine.thaw):
        answer = place.ask(world, ask)
        world.note("typed", type(ask).__name__, place.name, ask.run, answer.code)


def _type_command(world: World, trouble: Trouble) -> None:
    """A command of the run that is locked, by hand, as its process would send its next one."""
    place = world.places[trouble.who]
    run, machine = world.runs.get(place.lease.run), place.machine
    if not run or not run.locked or run.over or not place.may_start(run):
        return
    boot, uptime = machine.boot, machine.uptime(world.now)
    step = Todo(f"by hand {world.began}", machine.name, (), "by hand", place.name, (), 9.0)
    ask = Act(run.name, place.token, place.began[0] + 1, boot, uptime + FRESH, step.id)
    message = Message(run, place.name, ask, lambda *_: None)
    message.heard, message.step, message.sight = True, step, (boot, uptime)
    world.arrive(message)


def _machine(world: World, trouble: Trouble) -> Machine:
    return world.places[trouble.who].machine


STALE: Mapping[str, Callable[[str, int], Request]] = {
    "types old seal": Seal,
    "types old free": Free,
    "types old renewal": Renew,
}
BY_MESSAGE = {
    "late": _late,
    "lost": _lost,
    "unheard": _unheard,
    "doubled": _doubled,
    "overtaken": _overtaken,
    "fails": _fails,
    "stunned": _stunned,
    "killed": _killed,
    "stopped": _stopped,
}
BY_TIME = {
    "frozen": _freeze,
    "frozen with its clock": _freeze,
    "reboots": _reboot,
    "pause": _pause,
    "garbled": _garble,
    "unlock": _unlock,
    "types free": _type_free,
    "types a command": _type_command,
    **dict.fromkeys(STALE, _type_stale),
}

"""A history: hosts, controllers, and what is on its way between them, in virtual time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Any

from reconciler.execution.locks import FRESH, RENEWAL
from reconciler.gate.lease_decision import (
    GARBLED,
    Act,
    Answer,
    Lease,
    Moment,
    Request,
    Unlock,
    decide,
)
from tests.simulation.leases.controllers import LAST, LONG, Controller
from tests.simulation.leases.jobs import job_of
from tests.simulation.leases.places import Machine, Place, Work
from tests.simulation.leases.runs import ANSWER, Message, Run
from tests.simulation.leases.scenario import COMMANDS, Scenario, Trouble
from tests.simulation.leases.starts import STARTS
from tests.simulation.leases.troubles import BY_MESSAGE, BY_TIME

# Events after which a history counts as one that does not end.
MOST = 20_000
# Seconds on the way, and parts of a command's estimate that it takes; picked by counting.
_CHANCE = Random(17)  # noqa: S311  # the same for all histories
WAYS = [round(0.01 + _CHANCE.random() ** 4 * 2, 3) for _ in range(1024)]
PACES = [round(0.1 + _CHANCE.random() ** 2, 2) for _ in range(1024)]


@dataclass(frozen=True, slots=True)
class Protocol:
    """What hosts and runs do; each of it is weakened once, to see that it matters."""

    decide: Callable[[Lease, Moment, Request], Answer] = decide
    confirms: bool = True
    heeds_displaced: bool = True
    asks_all_again: bool = True
    keeps_displaced: bool = True
    seals_all: bool = True
    fresh: int = FRESH
    heeds_boots: bool = True
    believes: bool = False
    drains: bool = True
    orders: bool = True
    plans_anew: bool = True
    # The laws that are looked at; None is all.
    laws: frozenset[str] | None = None


PRODUCT = Protocol()
Tally = defaultdict[Any, int]


class World:
    """Everything there is in one history; ``wrong`` are the laws that were broken, and where.

    ``trace`` has what happened: the second, what, about whom. ``ended`` are runs whose process has
    ended, ``done`` the steps that were.
    """

    def __init__(self, scenario: Scenario, protocol: Protocol, seen: Tally) -> None:
        self.scenario, self.protocol, self.decide = scenario, protocol, protocol.decide
        self.seen = seen
        self.now = 0.0
        self.pace = scenario.pace
        self.heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.events = self.began = 0
        self.trace: list[tuple[Any, ...]] = []
        self.wrong: list[tuple[str, str]] = []
        self.places: dict[str, Place] = {}
        self.machines: dict[str, Machine] = {}
        self.runs: dict[str, Run] = {}
        self.ended: set[str] = set()
        self.done: set[str] = set()
        self.calm = False
        jobs = [job_of(part) for part in scenario.parts]
        self.off = frozenset(host for job in jobs for host in job.off)
        for job in jobs:
            for place in job.places:
                self._add(place)
        self.controllers = {
            part.controller: Controller(self, part.controller, job, part.patience)
            for part, job in zip(scenario.parts, jobs, strict=True)
        }
        self.open = len(self.controllers)
        self.fates: dict[tuple[str, int], Trouble] = {}
        for part in scenario.parts:
            self.later(part.begins, self.controllers[part.controller].begin)
        for trouble in scenario.troubles:
            if trouble.kind in BY_MESSAGE:
                self.fates[trouble.who, trouble.at] = trouble
            else:
                self.later(trouble.at, self._befall, trouble)

    def _add(self, place: str) -> None:
        host = place.partition(":")[0]
        if host not in self.machines:
            age = (self.pace * 37 + len(self.machines) * 101) % 9973
            self.machines[host] = Machine(host, -30.0 - age)
        if place not in self.places:
            self.places[place] = Place(place, 1 << len(self.places), self.machines[host])

    # ---- time ------------------------------------------------------------------------------

    def later(self, seconds: float, what: Callable[..., Any], *about: Any) -> None:
        """It happens after so many seconds."""
        self.events += 1
        heappush(self.heap, (self.now + seconds, self.events, what, about))

    def play(self) -> World:
        """All that happens, until nothing does any more or a law is broken."""
        heap = self.heap
        while heap and not self.wrong:
            self.now, _, what, about = heappop(heap)
            what(*about)
            if self.events > MOST:
                self.breaks("it ends", "no end")
        if not self.wrong and not self.calm:
            self.breaks("it ends", "nobody is left")
        return self

    def note(self, what: str, *about: Any) -> None:
        """Into the trace."""
        self.trace.append((round(self.now, 2), what, *about))

    def breaks(self, law: str, where: str) -> None:
        """A law is broken."""
        if self.protocol.laws is not None and law not in self.protocol.laws:
            return
        self.wrong.append((law, where))
        self.note("BROKEN", law, where)

    def bits(self, places: Iterable[str]) -> int:
        """These places as one number."""
        return sum(self.places[place].bit for place in places)

    # ---- messages --------------------------------------------------------------------------

    def send(self, message: Message) -> None:
        """On its way, as it fares; a process that is stunned sends it when it wakes."""
        run = message.run
        if run.over:
            return
        controller = run.controller
        if self.now < controller.awake:
            self.later(controller.awake - self.now, self.send, message)
            return
        number = controller.sent
        controller.sent = number + 1
        message.sent, message.number = self.now, number
        way = WAYS[self.pace + number * 7 + controller.salt & 1023]
        fate = self._fate(controller, message) if self.fates else None
        if fate is None or BY_MESSAGE[fate.kind](self, message, fate, way):
            self.later(way, self.arrive, message)

    def _fate(self, controller: Controller, message: Message) -> Trouble | None:
        """What befalls it; a command is counted twice."""
        if message.step:
            controller.commands += 1
            found = self.fates.get((controller.name, COMMANDS + controller.commands))
            if found:
                return found
        return self.fates.get((controller.name, message.number))

    def arrive(self, message: Message) -> None:
        """At the host, which may be frozen or off."""
        request = message.request
        place = self.places[message.place] if request is not None else None
        machine = place.machine if place else self.machines[message.place]
        if self.now < machine.thaw:
            self.later(machine.thaw - self.now, self.arrive, message)
            self.give_up_at(message, message.sent + ANSWER)
        elif self.now < machine.off_until or machine.name in self.off:
            self.later(1.0, self.hear, message, None)
        elif place is None or request is None:
            message.sight = (machine.boot, machine.uptime(self.now))
            self._reply(message, message.sight)
        else:
            answer = place.ask(self, request)
            name = type(request).__name__
            self.note(name, place.name, message.run.name, answer.code, message.number)
            if name == "Act" and not answer.code:
                self._start(place, message)
            else:
                self._reply(message, answer)

    def _reply(self, message: Message, value: Any) -> None:
        if not message.heard and message.fate != "unheard":
            way = WAYS[self.pace + message.number * 13 + 511 & 1023]
            self.later(way, self.hear, message, value)

    def give_up_at(self, message: Message, when: float) -> None:
        """Its sender waits no longer than that."""
        self.later(max(0.0, when - self.now), self.hear, message, None)

    def hear(self, message: Message, value: Any) -> None:
        """The sender has an answer, or none; once."""
        run = message.run
        if message.heard or run.over:
            return
        awake = run.controller.awake
        if self.now < awake:
            self.later(awake - self.now, self.hear, message, value)
            return
        message.heard = True
        if value is not None and (message.request is None or message.step):
            host = message.place.partition(":")[0]
            if message.sight:
                run.sights[host] = message.sight, message.sent
        message.then(message, value)

    def tick(self, run: Run) -> None:
        """It renews its lease soon."""
        self.later(RENEWAL, self._renew, run)

    def _renew(self, run: Run) -> None:
        if run.over or run.freeing:
            return
        if self.now < run.controller.awake:
            self.later(run.controller.awake - self.now, self._renew, run)
        else:
            run.renew()

    # ---- commands --------------------------------------------------------------------------

    def _start(self, place: Place, message: Message) -> None:
        run, step, ask = message.run, message.step, message.request
        assert step
        assert isinstance(ask, Act)
        for law, holds in STARTS.items():
            if not holds(self, place, message):
                self.breaks(law, f"{place.name} starts {step.id} of {run.name}")
        self.began += 1
        run.last_start = self.began
        run.running += 1
        run.started.update((step.id, (place.name, ask.step)))
        work = place.work = Work(run, message, step)
        seconds = step.seconds * PACES[self.pace + message.number * 11 & 1023]
        self.later(seconds, self._finish, place, work)

    def _finish(self, place: Place, work: Work) -> None:
        if place.work is not work:
            return
        machine, message = place.machine, work.message
        if self.now < machine.thaw:
            self.later(machine.thaw - self.now, self._finish, place, work)
            self.give_up_at(message, message.sent + ANSWER)
            return
        place.work = None
        work.run.running -= 1
        good = message.fate != "fails"
        if good:
            self.done.add(work.step.id)
        self.note("ended", place.name, work.run.name, good)
        message.sight, message.sent = (machine.boot, machine.uptime(self.now)), self.now
        self._reply(message, "done" if good else "failed")

    def die(self, machine: Machine) -> None:
        """All that runs there does not any more, and nobody is told how far it came."""
        for place in self.places.values():
            if place.machine is machine and place.work:
                place.work.run.running -= 1
                self.give_up_at(place.work.message, self.now + ANSWER)
                place.work = None

    # ---- what befalls it -------------------------------------------------------------------

    def _befall(self, trouble: Trouble) -> None:
        if not self.calm:
            self.seen[trouble.kind] += 1
            self.note("trouble", trouble.kind, trouble.who, trouble.seconds)
            BY_TIME[trouble.kind](self, trouble)

    def leave(self, controller: Controller, *, good: bool) -> None:
        """A controller begins no more; when the last one has left, another has to end well."""
        if controller.is_last:
            places = [self.places[place] for place in controller.job.places]
            steps = [step.id for step in controller.job.steps if step.command]
            held = [p.name for p in places if p.lease.run[:1] == LAST]
            if not good or held or not self.done.issuperset(steps):
                self.breaks("it ends", f"{controller.name} did not")
            return
        self.open -= 1
        if not self.open:
            self.later(1.0, self._calm_down)

    def _calm_down(self) -> None:
        """No more trouble: whoever comes now must converge, whatever is still on its way."""
        self.calm, self.fates = True, {}
        self.note("calm")
        for machine in self.machines.values():
            machine.paused = False
        for place in self.places.values():
            self._unlock(place)
        jobs = (job_of(part) for part in self.scenario.parts)
        job = next(job for job in jobs if self.off.isdisjoint(job.places))
        Controller(self, LAST, job, LONG).begin()

    def _unlock(self, place: Place) -> None:
        """An operator's word for what cannot be read, again while something runs there."""
        if place.lease.run == GARBLED and place.ask(self, Unlock(GARBLED)).code:
            self.later(10.0, self._unlock, place)

"""What a controller does for its part: the script of ``execution.locks`` and of the executor.

The order of a plan is kept by the product's own state machine of a run (``execution.machine``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.execution import machine
from reconciler.execution.locks import FRESH
from reconciler.gate.lease_decision import (
    EXPIRY,
    Acquire,
    Act,
    Answer,
    Free,
    Renew,
    Request,
    Seal,
)
from tests.simulation.leases.jobs import Todo
from tests.simulation.leases.places import NEVER

if TYPE_CHECKING:
    from tests.simulation.leases.controllers import Controller
    from tests.simulation.leases.world import World

# Seconds: as in the product, but that a look serves as long as it may.
KEPT = FRESH / 2
ANSWER = 30.0
# What a look tells: boot and uptime of a host, and which commands are done.
Sight = tuple[str, int]


class Message:
    """A request on its way; its sender waits until it has ``heard``, if only that nobody answers.

    Without a ``request`` it is a look. ``then`` is told the answer, None without one.
    """

    __slots__ = (
        *("fate", "heard", "number", "place", "request", "run", "sent"),
        *("sight", "step", "then"),
    )

    def __init__(self, run: Run, place: str, request: Request | None, then: Then) -> None:
        self.run, self.place, self.request, self.then = run, place, request, then
        self.heard = False
        self.step: Todo | None = None
        self.sight: Sight | None = None
        self.sent = 0.0
        self.number = 0
        self.fate = ""


Then = Callable[[Message, "Answer | Sight | str | None"], None]


class Run:
    """A run of a controller, from its first request to its last.

    ``tokens`` has what each place granted, ``took`` the places where it displaced somebody.
    ``began`` counts the commands of the world before its last confirming pass, ``last_start`` those
    up to its own last one; ``running`` are its own that run. ``over``: its process has ended.
    """

    def __init__(self, name: str, controller: Controller, patience: float) -> None:
        self.name, self.controller, self.patience = name, controller, patience
        self.world: World = controller.world
        self.job = controller.job
        self.seats: dict[str, None] = dict.fromkeys(self.job.places)
        self.bits = self.world.bits(self.seats)
        self.tokens: dict[str, int] = {}
        self.steps: dict[str, int] = {}
        self.took: set[str] = set()
        self.asked: tuple[str, ...] = ()
        self.to_ask: list[str] = []
        self.to_free: list[str] = []
        self.granted: dict[str, int] = {}
        self.unsealed: dict[str, int] = {}
        self.again = self.had_all = False
        self.waits = 0
        self.refused: list[str] = []
        self.locked = self.freeing = self.over = self.failed = self.sealed_all = False
        self.began = 0
        self.locked_at = NEVER
        self.last_start = self.running = 0
        self.started: set[str | tuple[str, int]] = set()
        self.renewed: dict[str, float] = {}
        self.sights: dict[str, tuple[Sight, float]] = {}
        self.looked: set[str] = set()
        self.machine: machine.Run | None = None

    # ---- acquire, and confirm --------------------------------------------------------------

    def acquire(self) -> None:
        """On every host, in one order; from the first again while who is displaced had others."""
        had = () if self.world.protocol.asks_all_again else self.tokens
        self.asked = tuple(sorted(self.seats))
        self.to_ask = [place for place in self.asked if place not in had]
        self._acquire_next()

    def _acquire_next(self) -> None:
        if self.to_ask:
            ask = Acquire(self.name, self.name, self.asked)
            self._send(self.to_ask.pop(0), ask, self._hear_grant)
        elif len(self.asked) != len(self.seats):
            self.acquire()
        else:
            places = (self.world.places[place] for place in self.seats)
            self.had_all = all(place.may_start(self) for place in places)
            self.began = self.world.began
            if self.world.protocol.confirms:
                self._confirm()
            else:
                self._lock()

    def _hear_grant(self, message: Message, answer: Answer | None) -> None:
        where = message.place
        if answer and answer.code == "lease-held" and self._is_dead(answer.lease.holder):
            dead = answer.lease.run
            ask = Acquire(self.name, self.name, self.asked, dead)
            self._send(where, ask, self._hear_grant_again)
        else:
            self._hear_grant_again(message, answer)

    def _is_dead(self, holder: str) -> bool:
        """Whether it is a process of this machine that has ended."""
        return holder[:1] == self.controller.name and holder in self.world.ended

    def _hear_grant_again(self, message: Message, answer: Answer | None) -> None:
        where = message.place
        if answer is None or answer.code:
            locked_out = answer is not None and answer.code in {"lease-held", "lease-busy"}
            self._give_up(again=locked_out)
            return
        self.tokens[where], self.steps[where] = answer.lease.token, 0
        self.took.discard(where)
        if answer.displaced:
            self.took.add(where)
            if self.world.protocol.heeds_displaced:
                for more in answer.displaced:
                    if more not in self.seats and more not in self.world.off:
                        self.seats[more] = None
                self.bits = self.world.bits(self.seats)
        self._acquire_next()

    def _confirm(self) -> None:
        """After the last grant every host says once more that the lease stands."""
        self.granted = self.tokens
        self._send_all(self.seats, self._hear_confirmed, Renew)

    def _hear_confirmed(self, message: Message, answer: Answer | None) -> None:
        self._note(message, answer)
        if self.waits:
            return
        if not self.refused:
            self._lock()
        else:
            self._give_up(again="unanswered" not in self.refused)

    def _note(self, message: Message, answer: Answer | None) -> None:
        self.waits -= 1
        if answer is None:
            self.refused.append("unanswered")
        elif answer.code:
            self.refused.append(answer.code)
        else:
            self.renewed[message.place] = self.world.now

    def _lock(self) -> None:
        if not self.had_all:
            self.world.breaks("who is locked had all its leases at one moment", self.name)
        self.locked, self.locked_at = True, self.world.now
        self.world.note("locked", self.name)
        self.world.tick(self)
        hosts = dict.fromkeys(place.partition(":")[0] for place in self.seats)
        self.refused, self.waits = [], len(hosts)
        for host in hosts:
            self._look(host, self._hear_first_look)

    # ---- act -------------------------------------------------------------------------------

    def _hear_first_look(self, message: Message, sight: Sight | None) -> None:
        """Locked; all is looked at from zero, and the plan is made of that."""
        self.waits -= 1
        if sight is None:
            self.refused.append("unanswered")
        if self.waits or self.over:
            return
        if self.refused or self.failed:
            self._end()
            return
        protocol = self.world.protocol
        steps = self.job.left(self.world.done) if protocol.plans_anew else self.job.steps
        if not protocol.orders:
            steps = tuple(replace(step, needs=()) for step in steps)
        self.machine = machine.begin(steps)  # type: ignore[arg-type]
        self._go_on()

    def _go_on(self) -> None:
        """Starts what may start now; ends when nothing runs any more."""
        run = self.machine
        if run is None or self.freeing:
            return
        if self.failed:
            machine.drain(run)
        for step in machine.ready(run):
            machine.step(run, step.id, "start")
            self.waits += 1
            self._begin(step)  # type: ignore[arg-type]
        if not self.waits:
            self._end()

    def _begin(self, step: Todo) -> None:
        if not step.command:
            hosts = step.looks_at or (step.host,)
            left = [len(hosts), 0]

            def hear(_message: Message, sight: Sight | None) -> None:
                left[0] -= 1
                left[1] += sight is None
                if not left[0]:
                    self._step_ended(step, good=not left[1])

            for host in hosts:
                self._look(host, hear)
            return
        seen, when = self.sights.get(step.host, (None, NEVER))
        if seen and self.world.now - when <= KEPT:
            self._act(step, seen)
        else:
            self._look(step.host, lambda _message, sight: self._act(step, sight))

    def _act(self, step: Todo, sight: Sight | None) -> None:
        if sight is None or self.failed:
            self._step_ended(step, good=False)
            return
        where = step.place
        self.steps[where] += 1
        until = sight[1] + self.world.protocol.fresh
        boot = (
            sight[0] if self.world.protocol.heeds_boots else self.world.machines[step.host].boot
        )
        act = Act(self.name, self.tokens[where], self.steps[where], boot, until, step.id)
        message = Message(self, where, act, self._hear_acted)
        message.step, message.sight = step, sight
        self.world.send(message)

    def _hear_acted(self, message: Message, answer: Answer | str | None) -> None:
        """Done, failed or refused; what was lost is decided by a look."""
        step = message.step
        assert step
        if answer == "done" or (answer is None and self.world.protocol.believes):
            self._step_ended(step, good=True)
        elif answer is None:
            self._look(step.host, lambda _message, _sight: self._judge(step))
        else:
            lost = not isinstance(answer, str) and answer.code == "lease-lost"
            self.failed = self.failed or lost
            self._step_ended(step, good=False)

    def _judge(self, step: Todo) -> None:
        self._step_ended(step, good=step.id in self.world.done)

    def _step_ended(self, step: Todo, *, good: bool) -> None:
        assert self.machine
        self.waits -= 1
        good = good or not self.world.protocol.drains
        if good and not step.command:
            self.looked.add(step.id)
        if not good:
            self.failed = True
        machine.step(self.machine, step.id, "succeed" if good else "fail")
        self._go_on()

    def renew(self) -> None:
        """Every so often: that it lives, and whether it has it still."""
        left = [len(self.seats)]

        def hear(message: Message, answer: Answer | None) -> None:
            left[0] -= 1
            if answer and not answer.code:
                self.renewed[message.place] = self.world.now
            elif (
                answer
                or self.world.now - self.renewed.get(message.place, self.locked_at)
                > EXPIRY - ANSWER
            ):
                self.lose()
            if not left[0]:
                self.world.tick(self)

        for place in self.seats:
            self._send(place, Renew(self.name, self.tokens[place]), hear)

    def lose(self) -> None:
        """Nothing more is started."""
        if not self.failed:
            self.world.note("lost", self.name)
        self.failed = True

    # ---- end -------------------------------------------------------------------------------

    def _give_up(self, *, again: bool) -> None:
        """Before it is locked: what was granted is sealed, and freed where nobody was displaced."""
        self.world.note("gives up", self.name)
        self._release(again=again)

    def _end(self) -> None:
        if self.over or self.freeing:
            return
        self.world.note("ends", self.name)
        self._release(again=False)

    def _release(self, *, again: bool) -> None:
        """Sealed everywhere, then freed: while one is not sealed, none is.

        Who was not locked frees nothing where it displaced somebody.
        """
        self.freeing, self.again = self.locked, again
        self.unsealed = self.granted = dict(self.tokens)
        keeps = self.took if self.world.protocol.keeps_displaced and not self.locked else ()
        self.to_free = [place for place in self.granted if place not in keeps]
        if not self.locked:
            self.tokens, self.took = {}, set()
        self._send_all(self.granted, self._hear_sealed, Seal)
        if not self.granted:
            self._over()

    def _hear_sealed(self, message: Message, answer: Answer | None) -> None:
        self.waits -= 1
        if answer and answer.code in {"", "lease-lost"}:
            rest = (item for item in self.unsealed.items() if item[0] != message.place)
            self.unsealed = dict(rest)
        if self.waits:
            return
        if self.unsealed and self.world.protocol.seals_all:
            self._over()
            return
        self.sealed_all = self.locked
        self._send_all(self.to_free, self._hear_freed, Free)
        if not self.to_free:
            self._over()

    def _hear_freed(self, _message: Message, _answer: Answer | None) -> None:
        self.waits -= 1
        if not self.waits:
            self._over()

    def _over(self) -> None:
        if self.again and self.world.now < self.patience:
            self.world.later(self.controller.retry, lambda: self.over or self.acquire())
        else:
            self.over = True
            good = self.locked and not self.failed
            self.controller.hear_end(self, good=good)

    # ---- messages --------------------------------------------------------------------------

    def _send(self, place: str, request: Request, then: Then) -> None:
        self.world.send(Message(self, place, request, then))

    def _send_all(
        self, places: Iterable[str], then: Then, request: Callable[[str, int], Request]
    ) -> None:
        all_of_them = tuple(places)
        self.refused, self.waits = [], len(all_of_them)
        for place in all_of_them:
            self._send(place, request(self.name, self.granted[place]), then)

    def _look(self, host: str, then: Then) -> None:
        self.world.send(Message(self, host, None, then))

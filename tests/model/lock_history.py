"""The lock with all that the model leaves out: counters, clocks, boots, pauses, waiting messages.

Runs follow their script one message at a time; chance decides what happens next. As a host's
state can be told in the model's words, each history shows that the model has it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from random import Random

from reconciler.gate.lease_decision import (
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
    decide,
)
from tests.model.lock_model import ACTIVE, NONE, OLD, PRESENT, Host, Phase, Run

Script = Generator[tuple[str, Request], Answer | None, None]
FRESH = 30  # seconds for which a command's facts are good
ATTEMPTS = 8


@dataclass
class Machine:
    """A host; ``running`` is the run whose command runs there."""

    lease: Lease = field(default_factory=Lease)
    boot: int = 1
    uptime: int = 50
    running: str = ""
    paused: bool = False

    def ask(self, request: Request) -> Answer:
        now = Moment(str(self.boot), self.uptime, bool(self.running), self.paused)
        answer = decide(self.lease, now, request)
        self.lease = answer.lease
        return answer

    def in_short(self) -> Host:
        """As the model has it."""
        lease = self.lease
        short = Lease(
            min(lease.token, PRESENT),
            lease.run,
            lease.sealed,
            hosts=tuple(sorted(lease.hosts)),
            boot="boot" if lease.run or lease.token else "",
            step=min(lease.step, 1),
        )
        return Host(short, self.running, lease.step > 0)


@dataclass
class Actor:
    """A run; ``soiled``: another's command has begun since a host last confirmed this run."""

    name: str
    world: World
    hosts: set[str]
    tokens: dict[str, int] = field(default_factory=dict)
    took: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    phase: Phase = Phase.ASKING
    soiled: bool = False
    dirty: bool = False
    step: int = 0
    listed: dict[str, set[str]] = field(default_factory=dict)

    def life(self) -> Script:
        for _ in range(ATTEMPTS):
            if (yield from self._acquires()) and (yield from self._confirms()):
                yield from self._acts()
                yield from self._ends()
                return
            yield from self._gives_up()

    def _acquires(self) -> Generator[tuple[str, Request], Answer | None, bool]:
        asked: set[str] = set()
        while asked != self.hosts:
            asked = set(self.hosts)
            for where in sorted(asked):
                answer = yield where, Acquire(self.name, "", tuple(sorted(asked)))
                if not answer or answer.code:
                    return False
                self.tokens[where], self.listed[where] = answer.lease.token, asked
                if answer.displaced:
                    self.took.add(where)
                    self.hosts |= set(answer.displaced)
        return True

    def _confirms(self) -> Generator[tuple[str, Request], Answer | None, bool]:
        for where in self.world.shuffled(self.hosts):
            answer = yield where, Renew(self.name, self.tokens[where])
            if not answer or answer.code:
                return False
            self.passed.add(where)
        self.phase, self.dirty = Phase.LOCKED, self.soiled
        self.passed, self.took = set(), set()
        return True

    def _acts(self) -> Script:
        for _ in range(self.world.chance.randrange(5)):
            where = self.world.chance.choice(sorted(self.hosts))
            self.step += 1
            machine = self.world.machines[where]
            boot, until = str(machine.boot), machine.uptime + FRESH
            yield where, Act(self.name, self.tokens[where], self.step, boot, until, "")

    def _ends(self) -> Script:
        self.phase = Phase.SEALING
        for where in self.world.shuffled(self.hosts):
            answer = yield where, Seal(self.name, self.tokens[where])
            if answer and answer.code in {"", "lease-lost"}:
                self.passed.add(where)
        if self.passed == self.hosts:
            self.phase, self.passed, self.dirty = Phase.FREEING, set(), False
            for where in self.world.shuffled(self.hosts):
                yield where, Free(self.name, self.tokens[where])

    def _gives_up(self) -> Script:
        tokens, took = self.tokens, self.took
        self.tokens, self.took, self.passed = {}, set(), set()
        for where in self.world.shuffled(tokens):
            answer = yield where, Seal(self.name, tokens[where])
            if answer and not answer.code and where not in took:
                yield where, Free(self.name, tokens[where])

    def in_short(self) -> Run:
        """As the model has it."""
        tokens = []
        for where, machine in self.world.machines.items():
            token = self.tokens.get(where)
            present = PRESENT if token == machine.lease.token else OLD
            tokens.append(NONE if token is None else present)
        took = {
            where
            for where in self.took
            if self.tokens.get(where) == self.world.machines[where].lease.token
        }
        short = {
            where
            for where, token in self.tokens.items()
            if token == self.world.machines[where].lease.token
            and self.listed[where] != self.hosts
        }
        lists = (tuple(sorted(names)) for names in (self.hosts, self.passed, took, short))
        hosts, passed, took_there, short_there = lists
        tokens_there = tuple(tokens)
        return Run(hosts, tokens_there, self.phase, passed, took_there, self.dirty, short_there)


@dataclass
class Message:
    """``waits``: its sender still does; ``answer`` is on its way back."""

    actor: str
    where: str
    request: Request
    waits: bool = True
    answer: Answer | None = None


class World:
    """Hosts, runs with their lists, and what is on its way between them."""

    def __init__(self, names: str, lists: tuple[str, ...], chance: Random) -> None:
        self.chance = chance
        self.machines = {name: Machine() for name in names}
        self.actors = {
            str(n + 1): Actor(str(n + 1), self, set(hosts)) for n, hosts in enumerate(lists)
        }
        self.scripts = {name: actor.life() for name, actor in self.actors.items()}
        self.waiting: dict[str, Message] = {}
        self.network: list[Message] = []
        self.begun: set[tuple[str, str, int]] = set()
        self.wrong: list[str] = []
        for name in self.actors:
            self._goes_on(name, None)

    def shuffled(self, names: set[str] | dict[str, int]) -> list[str]:
        return self.chance.sample(sorted(names), len(names))

    def happens(self) -> None:
        """One thing, whatever it is."""
        kinds = (self._arrives, self._hears, self._hears, self._trouble)
        self.chance.choices(kinds, (6, 3, 3, 2))[0]()

    def _arrives(self) -> None:
        """A message of any age; a third of them stay, to come once more."""
        if not self.network:
            return
        message = self.chance.choice(self.network)
        if self.chance.random() < 0.7:
            self.network.remove(message)
        machine, actor = self.machines[message.where], self.actors[message.actor]
        answer = machine.ask(message.request)
        if isinstance(message.request, Act) and not answer.code:
            self._starts(actor, message.where, message.request)
        if message.waits and message.answer is None:
            message.answer = answer
            if isinstance(message.request, Renew):
                actor.soiled = False

    def _hears(self) -> None:
        """A run gets its answer, if there is one; else it may give up waiting for it."""
        if not self.waiting:
            return
        name = self.chance.choice(sorted(self.waiting))
        message = self.waiting[name]
        if message.answer or self.chance.random() < 0.01:
            message.waits = False
            self._goes_on(name, message.answer)

    def _goes_on(self, name: str, answer: Answer | None) -> None:
        try:
            where, request = self.scripts[name].send(answer)
        except StopIteration:
            del self.waiting[name]
            return
        self.waiting[name] = Message(name, where, request)
        self.network.append(self.waiting[name])

    def _trouble(self) -> None:
        machine = self.chance.choice(list(self.machines.values()))
        match self.chance.randrange(20):
            case 0:
                machine.boot, machine.uptime, machine.running = machine.boot + 1, 10, ""
            case 1 if machine.lease.run:
                machine.ask(Unlock(machine.lease.run))
            case 2:
                machine.paused = not machine.paused
            case 3 if self.network:
                self.network.remove(self.chance.choice(self.network))
            case 4 | 5 | 7:
                machine.uptime += 150
            case 6 | 8 | 9 | 10:
                machine.paused = False
            case _:
                machine.running = ""

    def _starts(self, actor: Actor, where: str, ask: Act) -> None:
        machine = self.machines[where]
        others = [other for other in self.actors.values() if other is not actor]
        near = [other for other in others if not other.hosts.isdisjoint(actor.hosts)]
        running = {machine.running for machine in self.machines.values()}
        rules = {
            "S1": any(other.name in running for other in near),
            "S2": actor.dirty,
            "S3": (actor.name, where, ask.step) in self.begun,
            "S4": actor.phase not in ACTIVE or where in actor.passed,
            "another boot": ask.boot != str(machine.boot),
            "old facts": machine.uptime > ask.until,
            "paused": machine.paused,
        }
        self.wrong += [rule for rule, broken in rules.items() if broken]
        self.begun.add((actor.name, where, ask.step))
        machine.running = actor.name
        for other in near:
            other.soiled = True
            other.dirty = other.dirty or other.phase in ACTIVE

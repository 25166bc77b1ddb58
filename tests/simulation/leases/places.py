"""Hosts and their leases: the product's table decides, a ledger of its own knows what is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.gate.lease_decision import (
    EXPIRY,
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
)

if TYPE_CHECKING:
    from tests.simulation.leases.runs import Run
    from tests.simulation.leases.world import World

NEVER = float("-inf")


class Machine:
    """A host: its boot, its clock, whether it is frozen or off, whether somebody has paused it."""

    __slots__ = ("boot", "booted", "boots", "name", "off_until", "paused", "thaw")

    def __init__(self, name: str, booted: float) -> None:
        self.name = name
        self.boots = 1
        self.boot = f"{name}#1"
        self.booted = booted
        self.paused = False
        self.thaw = self.off_until = NEVER

    def uptime(self, now: float) -> int:
        return int(now - self.booted)

    def reboot(self, now: float, seconds: float) -> None:
        """It is back after so many seconds; its clock begins anew then."""
        self.boots += 1
        self.boot = f"{self.name}#{self.boots}"
        self.booted = self.off_until = now + seconds
        self.thaw = NEVER


class Work:
    """A command that runs; ``message`` asked for it."""

    __slots__ = ("message", "run", "step")

    def __init__(self, run: Run, message: object, step: object) -> None:
        self.run, self.message, self.step = run, message, step


class Place:
    """A lease on a host, what runs there under it, and the ledger: what has really happened.

    ``owner`` and ``token`` are of the last grant; ``closed`` since that was sealed. ``hosts`` are
    of all that had it since it was free, who are ``had_by``. ``silent_since`` is when its owner was last heard of.
    ``began`` is the last command under that token: its step, its name, its boot.
    """

    __slots__ = (
        *("bit", "lease", "machine", "name", "work"),
        *("began", "closed", "had_by", "holder", "hosts", "owner", "silent_since", "token"),
    )

    def __init__(self, name: str, bit: int, machine: Machine) -> None:
        self.name, self.bit, self.machine = name, bit, machine
        self.lease = Lease()
        self.work: Work | None = None
        self.owner = self.holder = ""
        self.token = 0
        self.closed = False
        self.hosts: frozenset[str] = frozenset()
        self.had_by: set[str] = set()
        self.silent_since = NEVER
        self.began: tuple[int, str, str] = (0, "", "")

    def garble(self, now: float) -> None:
        """The file cannot be read any more: it counts as this from then on."""
        self.lease = Lease(int(1_000_000 + now), GARBLED)
        self.owner, self.holder, self.token = GARBLED, "", self.lease.token
        self.closed, self.hosts, self.began = False, frozenset(), (0, "", "")
        self.had_by.clear()

    def ask(self, world: World, request: Request) -> Answer:
        """What the host answers now; every law that a yes could break is looked at."""
        now, machine, before = world.now, self.machine, self.lease
        uptime = int(now - machine.booted)
        moment = Moment(machine.boot, uptime, self.work is not None, machine.paused)
        answer = world.decide(before, moment, request)
        kind = type(request)
        world.seen[kind, answer.code] += 1
        if answer.code:
            if answer.lease != before:
                world.breaks("refusal changes nothing", self.name)
        else:
            self.lease = answer.lease
            YES[kind](self, world, request, answer)
            if answer.lease.token != self.token:
                world.breaks("token only rises", self.name)
        return answer

    # ---- what a yes means, and what must be true of it -------------------------------------

    def _granted(self, world: World, ask: Acquire, answer: Answer) -> None:
        lease = answer.lease
        if self.machine.paused:
            world.breaks("no grant while paused", self.name)
        if self.work:
            world.breaks("no grant while something runs", self.name)
        if self.owner == GARBLED and not self.closed:
            world.breaks("no grant over what cannot be read", self.name)
        elif self._is_in_use(world, ask):
            world.breaks("no living run is displaced early", self.name)
        self.token += 1
        if set(answer.displaced) != self.hosts:
            world.breaks("who is displaced is told", self.name)
        self.hosts = self.hosts.union(ask.hosts)
        if not self.hosts.issubset(lease.hosts):
            world.breaks("who was displaced is remembered", self.name)
        self.owner, self.holder, self.closed = ask.run, ask.holder, False
        self.had_by.add(ask.run)
        self.began = (0, "", "")
        if (lease.run, lease.holder, lease.sealed) != (ask.run, ask.holder, False):
            world.breaks("a grant is the run's", self.name)
        self._heard(world)

    def _is_in_use(self, world: World, ask: Acquire) -> bool:
        """Whether who has it may still act, and nobody knows better."""
        if self.closed or self.owner in {"", ask.run} or self.owner in world.ended:
            return False
        return world.now - self.silent_since <= EXPIRY

    def _heard(self, world: World) -> None:
        self.silent_since = world.now
        lease, machine = self.lease, self.machine
        if (lease.boot, lease.renewed) != (machine.boot, machine.uptime(world.now)):
            world.breaks("a renewal is noted", self.name)
        self._notes_what_began(world)

    def _notes_what_began(self, world: World) -> None:
        lease = self.lease
        if (lease.step, lease.action, lease.began) != self.began:
            world.breaks("what began is noted", self.name)

    def _renewed(self, world: World, ask: Renew, _answer: Answer) -> None:
        if (self.owner, self.token) != (ask.run, ask.token) or self.closed:
            world.breaks("who lost it is told so", self.name)
        self._heard(world)

    def _sealed(self, world: World, ask: Seal, _answer: Answer) -> None:
        if (self.owner, self.token) != (ask.run, ask.token):
            world.breaks("nobody seals another's", self.name)
        self._closes(world)

    def _unlocked(self, world: World, ask: Unlock, _answer: Answer) -> None:
        if self.owner != ask.run:
            world.breaks("only the named run is unlocked", self.name)
        self._closes(world)

    def _closes(self, world: World) -> None:
        if self.work:
            world.breaks("no seal while something runs", self.name)
        self.closed = True
        lease = self.lease
        if not lease.sealed or lease.run != self.owner or set(lease.hosts) != self.hosts:
            world.breaks("a seal is noted, and who has it", self.name)
        self._notes_what_began(world)

    def _freed(self, world: World, ask: Free, _answer: Answer) -> None:
        if (self.owner, self.token) != (ask.run, ask.token):
            world.breaks("nobody frees another's", self.name)
        if not self.closed:
            world.breaks("freed only when sealed", self.name)
        run = world.runs.get(ask.run)
        if run and run.locked and any(world.places[p].may_start(run) for p in run.seats):
            world.breaks("sealed everywhere before it is free", self.name)
        if any(self._was_had_by(other, ask) for other in world.runs.values()):
            world.breaks("nobody who may still act is forgotten", self.name)
        if self.lease != Lease(self.lease.token):
            world.breaks("free is free", self.name)
        self.owner = self.holder = ""
        self.hosts, self.closed = frozenset(), False
        self.had_by.clear()
        self.began = (0, "", "")

    def _was_had_by(self, other: Run, ask: Free) -> bool:
        """Whether it was another run's, which may still act elsewhere."""
        had = other.name in self.had_by and self.name in other.tokens
        if other.name == ask.run or not had:
            return False
        places = other.world.places
        return any(places[place].may_start(other) for place in other.tokens)

    def may_start(self, run: Run) -> bool:
        """Whether a command of the run could begin here; of a grant that it never heard of, none."""
        known = run.tokens.get(self.name) == self.token
        return known and self.owner == run.name and not self.closed

    def _acted(self, world: World, ask: Act, _answer: Answer) -> None:
        """The laws of a start are those of the whole world."""
        self.began = (ask.step, ask.action, self.machine.boot)
        self._heard(world)


YES = {
    Acquire: Place._granted,
    Renew: Place._renewed,
    Seal: Place._sealed,
    Free: Place._freed,
    Unlock: Place._unlocked,
    Act: Place._acted,
}

"""The lease: no two runs act on one cluster, and a run that lost it can do nothing more.

The hosts decide (``gate/lease_decision.py``); here is what a run does for its part. It acquires the
lease on all hosts in one order, then has every one confirm it, and only then acts. Whoever it
displaced may have held other hosts, too: those are acquired as well. At the end it seals the
lease on every host, and frees it only when all are sealed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from reconciler import telemetry
from reconciler.errors import HostUnreachable, LockHeld
from reconciler.execution import leases
from reconciler.execution.leases import Grant, Seat
from reconciler.gate.lease_decision import EXPIRY
from reconciler.hosts import Host
from reconciler.model.gate_call import Permit

# Seconds (manual lock, 2).
RENEWAL = 15.0
RETRY = 1.0
# Seconds for which facts are good after the look that found them (I5).
FRESH = 30

# The door to a host by its name, also of one that another file named.
Door = Callable[[str], Host]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who takes the lease; the rest tells whether that process still lives.

    ``space`` is the kernel boot and pid namespace in which ``pid`` counts.
    """

    user: str
    controller: str
    machine: str
    space: str
    pid: int
    started: int

    def text(self) -> str:
        """One line of JSON, as it is stored on the hosts."""
        return json.dumps(
            {
                "user": self.user,
                "controller": self.controller,
                "machine": self.machine,
                "space": self.space,
                "pid": self.pid,
                "started": self.started,
            }
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """What a run asks the hosts for, and how long to wait for it.

    ``is_dead`` says of a holder's text whether it surely is a process of this machine
    that has ended: then its lease is displaced at once. ``excused`` are hosts that somebody
    attested to be off: what an earlier run held there needs not be asked for.
    """

    cluster: str
    run: str
    holder: Holder
    patience: float
    is_dead: Callable[[str], bool]
    excused: frozenset[str] = frozenset()


@dataclass(slots=True)
class Held:
    """The lease of a run on its hosts: what each of them granted, and how far it has come.

    ``locked``: all of them have confirmed it. ``losses`` are the reasons why it is not held any
    more.
    """

    claim: Claim
    door: Door
    seats: dict[str, Seat]
    locked: bool = False
    grants: dict[str, Grant] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)

    def permit(self, host: str, action: str, boot: str, until: int) -> Permit:
        """What makes a command of this run start on a host, once; the facts hold until then."""
        place = host if host in self.seats else leases.place(host, self.claim.cluster)
        seat = self.seats[place]
        self.steps[place] = self.steps.get(place, 0) + 1
        run, token, step = self.claim.run, self.grants[place].token, self.steps[place]
        return Permit(seat.scope, run, token, step, boot, until, action)

    async def now(self, host: str) -> leases.Now:
        """The host's clock, for commands that rest on no facts but those that they check themselves.

        Raises LockHeld when another run has the lease, HostUnreachable without an answer.
        """
        place = host if host in self.seats else leases.place(host, self.claim.cluster)
        return await leases.renew(self.seats[place], self.claim.run, self.grants[place].token)


@asynccontextmanager
async def hold_leases(
    members: Iterable[str], helpers: Iterable[str], claim: Claim, door: Door
) -> AsyncIterator[Held]:
    """Hold the lease on members and on helper hosts; what ends it early is in ``losses``.

    Whoever is cancelled detaches: commands may still run, so the lease stays until it
    expires or is displaced. Raises LockHeld when another run keeps it longer than
    ``claim.patience`` seconds, HostUnreachable when a host does not answer.
    """
    places = [*members, *(leases.place(name, claim.cluster) for name in helpers)]
    held = Held(claim, door, {place: leases.seat(place, door) for place in places})
    await _acquire(held)
    renewal = asyncio.create_task(_renew(held))
    detached = False
    try:
        yield held
    except asyncio.CancelledError:
        detached = True
        raise
    finally:
        renewal.cancel()
        if not detached:
            with contextlib.suppress(asyncio.CancelledError):
                await renewal
            await _release(held)


async def _acquire(held: Held) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + held.claim.patience
    while True:
        try:
            await _acquire_all(held)
            await _confirm_all(held)
        except LockHeld as error:
            telemetry.info("lease-waits", cluster=held.claim.cluster, message=str(error))
            await _release(held)
            if loop.time() >= deadline:
                raise
            await asyncio.sleep(RETRY)
        except BaseException:
            await _release(held)
            raise
        else:
            return


async def _acquire_all(held: Held) -> None:
    """On every host, in one order; from the first again while who is displaced had others."""
    asked: frozenset[str] = frozenset()
    while asked != held.seats.keys():
        asked = frozenset(held.seats)
        for place in sorted(asked):
            grant = await _granted(held, place, tuple(sorted(asked)))
            held.grants[place], held.steps[place] = grant, 0
            for more in frozenset(grant.displaced) - held.claim.excused:
                held.seats.setdefault(more, leases.seat(more, held.door))


async def _granted(held: Held, place: str, places: tuple[str, ...]) -> leases.Grant:
    """One host's lease; whoever has it is displaced if it is known to be dead.

    Raises LockHeld when it is not.
    """
    claim, seat = held.claim, held.seats[place]
    ask = leases.Ask(claim.run, claim.holder.text(), places)
    answer = await leases.acquire(seat, ask)
    if isinstance(answer, leases.Holding) and claim.is_dead(answer.holder):
        answer = await leases.acquire(seat, ask, answer.run)
    if isinstance(answer, leases.Holding):
        left = max(0.0, EXPIRY - answer.age)
        raise LockHeld(seat.host.name, f"run {answer.run} of {_named(answer.holder)}", left)
    return answer


async def _confirm_all(held: Held) -> None:
    """After the last grant every host says once more that the lease stands.

    Without it, a run that was displaced while it still acquired would think that it has all.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_confirmed(seat, held.claim.run, held.grants[place].token))
            for place, seat in held.seats.items()
        ]
    if failed := next((t.result() for t in tasks if t.result() is not None), None):
        raise failed
    held.locked = True
    telemetry.info("lease-acquired", cluster=held.claim.cluster, hosts=", ".join(held.seats))


async def _confirmed(seat: Seat, run: str, token: int) -> LockHeld | HostUnreachable | None:
    """Whether it stands; why not is a value, so that nobody else is cancelled."""
    try:
        await leases.renew(seat, run, token)
    except (LockHeld, HostUnreachable) as error:
        return error
    return None


def _named(holder: str) -> str:
    try:
        who = json.loads(holder)
        return f"{who['user']}@{who['controller']} pid {who['pid']}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return holder


async def _renew(held: Held) -> None:
    loop = asyncio.get_running_loop()
    renewed = dict.fromkeys(held.seats, loop.time())
    while True:
        await asyncio.sleep(RENEWAL)
        places = tuple(held.seats)
        run, grants = held.claim.run, held.grants
        answers = await asyncio.gather(
            *(_confirmed(held.seats[place], run, grants[place].token) for place in places)
        )
        for place, answer in zip(places, answers, strict=True):
            if answer is None:
                renewed[place] = loop.time()
            elif isinstance(answer, LockHeld):
                _lose(held, str(answer))
            if loop.time() - renewed[place] > EXPIRY - leases.ANSWER:
                seconds = EXPIRY - leases.ANSWER
                _lose(held, f"{place} has not renewed it for {seconds:.0f} s")


def _lose(held: Held, why: str) -> None:
    held.losses.append(why)
    telemetry.warning("lease-lost", cluster=held.claim.cluster, message=why)


async def _release(held: Held) -> None:
    """Seal it on every host, then free it; while one is not sealed, none is freed.

    What this run has lost is another's, and is not asked for. Who was not locked frees nothing
    where it displaced somebody: the next one must learn there whom else it has to ask.
    """
    run, granted = held.claim.run, dict(held.grants)
    held.grants.clear()
    sealed = await asyncio.gather(
        *(leases.seal(held.seats[place], run, grant.token) for place, grant in granted.items())
    )
    if not all(sealed):
        return
    await asyncio.gather(
        *(
            leases.free(held.seats[place], run, grant.token)
            for place, grant in granted.items()
            if held.locked or not grant.displaced
        )
    )

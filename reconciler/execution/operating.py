"""What an operator does about leases by hand: free a run's, pause hosts, resume them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import HostUnreachable
from reconciler.execution.leases import ANSWER, MEMBER, Seat, free, gate_refusal
from reconciler.gate import gate_command
from reconciler.hosts import Host
from reconciler.model.digits import is_number
from reconciler.model.observed import Observed, Unknown
from reconciler.model.plan import Command


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said to it; ``code`` is empty where it is done, else a refusal's or a reason's.

    ``token`` is that of a lease that was taken away.
    """

    host: str
    code: str = ""
    message: str = ""
    token: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """A pause as an operator wants it; for so many ``seconds`` from now, None until resumed."""

    reason: str
    by: str
    seconds: int | None


@dataclass(frozen=True, slots=True)
class ScopedHost:
    """A host with the scopes of the leases that there may be on it."""

    host: Host
    scopes: tuple[str, ...] = (MEMBER,)


async def unlock(seats: Mapping[str, Sequence[Seat]], run: str) -> tuple[Answer, ...]:
    """Take the leases from a run, each by its host; where one of them still works it stays."""
    asked = [
        _ask(name, seat.host, gate_command("lease-unlock", seat.scope, run, timeout=ANSWER))
        for name, found in seats.items()
        for seat in found
    ]
    return tuple(await asyncio.gather(*asked))


async def forget(
    seats: Mapping[str, Sequence[Seat]], run: str, answers: Sequence[Answer]
) -> None:
    """Free what was taken from a run on all its hosts: nobody need ask them for it any more."""
    places = [seat for found in seats.values() for seat in found]
    pairs = zip(places, answers, strict=True)
    await asyncio.gather(*(free(seat, run, answer.token) for seat, answer in pairs))


async def pause(hosts: Mapping[str, tuple[str, Host]], wish: Wish) -> tuple[Answer, ...]:
    """Nothing is to start on these hosts, each with its cluster, by anyone."""
    until = "-" if wish.seconds is None else f"+{wish.seconds}"
    words = (wish.reason, wish.by, until)
    asked = [
        _ask(name, host, gate_command("pause", cluster, *words, timeout=ANSWER))
        for name, (cluster, host) in hosts.items()
    ]
    return tuple(await asyncio.gather(*asked))


async def resume(hosts: Mapping[str, tuple[str, Host]]) -> tuple[Answer, ...]:
    """As if nobody had paused these hosts."""
    command = gate_command("resume", timeout=ANSWER)
    asked = [_ask(name, host, command) for name, (_cluster, host) in hosts.items()]
    return tuple(await asyncio.gather(*asked))


def seats_of(
    hosts: Mapping[str, ScopedHost], observed: Observed, run: str
) -> dict[str, tuple[Seat, ...]]:
    """Where a run has a lease; also where none could be read: the host knows whose it is."""
    found = {}
    for name, facts in observed.answering_hosts().items():
        place = hosts[name]
        scopes = place.scopes
        if not isinstance(facts.leases, Unknown):
            scopes = tuple(lease.scope for lease in facts.leases if lease.run == run)
        if scopes:
            found[name] = tuple(Seat(place.host, scope) for scope in scopes)
    return found


async def _ask(name: str, host: Host, command: Command) -> Answer:
    try:
        done = await host.run(command)
    except HostUnreachable as error:
        return Answer(name, error.code, error.message)
    if done.status == 0:
        last = done.stdout.split()[-1:]
        return Answer(name, token=int(last[0]) if last and is_number(last[0]) else 0)
    code, message = gate_refusal(done)
    words = message or done.stderr.strip()[-300:] or f"status {done.status} without a word"
    return Answer(name, code or "lease-failed", words)

"""The gate's verbs about the lease: one question, and the host's answer as a value."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from reconciler.errors import HostUnreachable, LockHeld
from reconciler.gate import gate_command
from reconciler.gate.lease_decision import EXPIRY
from reconciler.hosts import Host
from reconciler.model.digits import is_number
from reconciler.model.plan import Completed

ANSWER = 30.0  # seconds for an answer
MEMBER = "-"  # the scope of the one lease that a member has


@dataclass(frozen=True, slots=True)
class Seat:
    """A lease that there is on a host: ``scope`` is ``-``, or a cluster on a helper host."""

    host: Host
    scope: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What a run asks for: its ``holder`` in one line, all ``places`` that it holds."""

    run: str
    holder: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """The host's token for the run, and the places of the run that it displaced."""

    token: int
    displaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has the lease, and the seconds since it was renewed."""

    run: str
    holder: str
    age: float


@dataclass(frozen=True, slots=True)
class Now:
    """A host's clock: its uptime in seconds in this boot."""

    boot: str
    uptime: int


def place(host: str, cluster: str) -> str:
    """A helper host's lease for a cluster, in a word; a member's is its name."""
    return f"{host}:{cluster}"


def seat(word: str, door: Callable[[str], Host]) -> Seat:
    """The lease that a word says."""
    host, _, scope = word.partition(":")
    return Seat(door(host), scope or MEMBER)


async def acquire(where: Seat, ask: Ask, displaces: str = "-") -> Grant | Holding:
    """Ask for the lease, in place of the run ``displaces`` if that one has it.

    Raises LockHeld while something still runs there, HostUnreachable when it is paused or
    there is no answer that says either.
    """
    words = (where.scope, ask.run, ask.holder, ",".join(ask.places), displaces)
    done = await where.host.run(gate_command("lease-acquire", *words, timeout=ANSWER))
    if done.status == 0:
        return _grant(where, done)
    code, words_said = gate_refusal(done)
    fields = words_said.split("\t")
    if code == "lease-held" and len(fields) == 3 and is_number(fields[2]):
        return Holding(fields[0], fields[1], float(fields[2]))
    if code == "lease-busy":
        raise LockHeld(where.host.name, words_said, EXPIRY, code)
    if code == "paused":
        raise HostUnreachable(where.host.name, code, words_said)
    raise HostUnreachable(where.host.name, "lease-failed", f"no lease: {_last(done)}")


def _grant(where: Seat, done: Completed) -> Grant:
    token, displaced = 0, ""
    for line in done.stdout.splitlines():
        match line.split(" "):
            case ["ok", "acquired", _run, number] if is_number(number):
                token = int(number)
            case ["displaced", _run, places]:
                displaced = places
            case _:
                pass
    if not token:
        words = f"no token in the answer {repr(done.stdout)[:100]}"
        raise HostUnreachable(where.host.name, "lease-failed", words)
    return Grant(token, tuple(p for p in displaced.split(",") if p not in {"", "-"}))


async def renew(where: Seat, run: str, token: int) -> Now:
    """Say that the run lives, and learn whether it still has the lease.

    Raises LockHeld when it has not, HostUnreachable without an answer.
    """
    done = await _ask(where, "lease-renew", run, token)
    words = done.stdout.split()
    if done.status == 0 and len(words) == 5 and is_number(words[4]):
        return Now(words[3], int(words[4]))
    words_said = f"not this run any more ({_last(done)})"
    raise LockHeld(where.host.name, words_said, EXPIRY, "lease-lost")


async def seal(where: Seat, run: str, token: int) -> bool:
    """Whether nothing of the run can start there any more: sealed, or another's by now."""
    with suppress(HostUnreachable):
        done = await _ask(where, "lease-seal", run, token)
        return done.status == 0 or gate_refusal(done)[0] == "lease-lost"
    return False


async def free(where: Seat, run: str, token: int) -> None:
    """Give the lease back; where nobody answers it expires."""
    with suppress(HostUnreachable):
        await _ask(where, "lease-free", run, token)


async def _ask(where: Seat, verb: str, run: str, token: int) -> Completed:
    command = gate_command(verb, where.scope, run, str(token), timeout=ANSWER)
    return await where.host.run(command)


def gate_refusal(done: Completed) -> tuple[str, str]:
    """Code and message of the gate's refusal; both empty if it says none."""
    for line in done.stderr.splitlines():
        head, _, rest = line.partition("gate: ")
        code, colon, message = rest.partition(": ")
        if not head and colon and code:
            return code, message.strip("\n ") if message.strip() else ""
    return "", ""


def _last(done: Completed) -> str:
    return done.stderr.strip()[-300:] or f"status {done.status} without a word"

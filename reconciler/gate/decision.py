"""Who may act on a host: the whole decision as one table, without clock, disk or network.

``gate.sh`` decides the same way on the host (a test drives it through every row); the
simulator and the model of the lock run this module. The protocol is in RELIABILITY, 4:

A *token* is a counter on the host's own disk that each grant raises. A run acquires the lease
on all its hosts, then has every one of them confirm it, and only then acts. Each command that
changes something carries run, token, a step that only ever rises, and how long the facts it
rests on are good for, by the clock of the host's current boot. A run ends in two phases: it
seals its lease on every host, so that nothing of it can start any more anywhere, then frees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

# Seconds without renewal after which a lease may be displaced (DESIGN, Lease); only politeness:
# what keeps a displaced run from acting is its token.
EXPIRY = 120


@dataclass(frozen=True, slots=True)
class Lease:
    """What stands on a host's disk of the runs that act there; ``run`` is empty when it is free.

    ``hosts`` are all that the run holds. ``renewed`` is the uptime in seconds, in the boot
    ``boot``. ``step`` is that of the last action begun under this token, ``action`` its name,
    ``began`` the boot in which it began.
    """

    token: int = 0
    run: str = ""
    sealed: bool = False
    holder: str = ""
    hosts: tuple[str, ...] = ()
    boot: str = ""
    renewed: int = 0
    step: int = 0
    action: str = ""
    began: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A host now: its boot, its uptime in seconds, whether a command of a run still runs there.

    ``paused`` says that an operator wants nothing to run there.
    """

    boot: str
    uptime: int
    running: bool = False
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Acquire:
    """A run asks for the lease; ``displaces`` is a run that is known to be dead, or empty."""

    run: str
    holder: str
    hosts: tuple[str, ...]
    displaces: str = ""


@dataclass(frozen=True, slots=True)
class Renew:
    """A run says that it lives, and asks whether it still has the lease."""

    run: str
    token: int


@dataclass(frozen=True, slots=True)
class Seal:
    """A run starts nothing more here."""

    run: str
    token: int


@dataclass(frozen=True, slots=True)
class Free:
    """A run that is sealed on all its hosts gives the lease back."""

    run: str
    token: int


@dataclass(frozen=True, slots=True)
class Unlock:
    """An operator takes the lease from a run."""

    run: str


@dataclass(frozen=True, slots=True)
class Act:
    """A command asks to start; its facts hold in the boot ``boot`` until the uptime ``until``."""

    run: str
    token: int
    step: int
    boot: str
    until: int
    action: str


Request = Acquire | Renew | Seal | Free | Unlock | Act


@dataclass(frozen=True, slots=True)
class Answer:
    """What the host says: ``code`` is empty for yes; ``lease`` is what stands there then.

    ``displaced`` are the hosts of a run that lost the lease by this: they, too, must be asked.
    """

    code: str
    lease: Lease
    displaced: tuple[str, ...] = ()


def age(lease: Lease, now: Moment) -> int:
    """Whole seconds since the renewal; after a reboot since the boot."""
    return max(0, now.uptime - lease.renewed if lease.boot == now.boot else now.uptime)


def _is_anothers(lease: Lease, now: Moment, ask: Acquire) -> bool:
    """Whether a run has it that may still act and is not to be displaced yet."""
    free = lease.run in {"", ask.run} or lease.run == ask.displaces
    return not (free or lease.sealed or age(lease, now) > EXPIRY)


def _is_lost(lease: Lease, _now: Moment, ask: Renew | Seal | Free | Act) -> bool:
    return (lease.run, lease.token) != (ask.run, ask.token)


Row = tuple[str, Callable[[Lease, Moment, Request], bool]]
PAUSED: Row = ("paused", lambda _lease, now, _ask: now.paused)
BUSY: Row = ("lease-busy", lambda _lease, now, _ask: now.running)
LOST: Row = ("lease-lost", _is_lost)  # type: ignore[assignment]  # rows stand under what they take
CLOSED: Row = ("lease-lost", lambda lease, _now, _ask: lease.sealed)

# The first row that holds refuses; where none does the answer is yes.
REFUSALS: Mapping[type[Request], tuple[Row, ...]] = {
    Acquire: (
        PAUSED,
        ("lease-held", _is_anothers),  # type: ignore[dict-item]
        BUSY,
    ),
    Renew: (LOST, CLOSED),
    Seal: (LOST, BUSY),
    Free: (LOST, ("lease-open", lambda lease, _now, _ask: not lease.sealed)),
    Unlock: (("lease-lost", lambda lease, _now, ask: lease.run != ask.run), BUSY),
    Act: (
        LOST,
        CLOSED,
        PAUSED,
        BUSY,
        ("action-repeated", lambda lease, _now, ask: ask.step <= lease.step),  # type: ignore[union-attr]
        ("rebooted", lambda _lease, now, ask: ask.boot != now.boot),  # type: ignore[union-attr]
        ("facts-stale", lambda _lease, now, ask: now.uptime > ask.until),  # type: ignore[union-attr]
    ),
}


def _acquired(lease: Lease, now: Moment, ask: Acquire) -> Lease:
    return Lease(
        lease.token + 1,
        ask.run,
        holder=ask.holder,
        hosts=ask.hosts,
        boot=now.boot,
        renewed=now.uptime,
    )


def _renewed(lease: Lease, now: Moment, _ask: Renew) -> Lease:
    return replace(lease, boot=now.boot, renewed=now.uptime)


def _acted(lease: Lease, now: Moment, ask: Act) -> Lease:
    begun = replace(lease, step=ask.step, action=ask.action, began=now.boot)
    return replace(begun, boot=now.boot, renewed=now.uptime)


def _freed(lease: Lease, _now: Moment, _ask: Request) -> Lease:
    return Lease(lease.token)


# What stands on the host's disk after a yes, before anything else is done.
EFFECTS: Mapping[type[Request], Callable[..., Lease]] = {
    Acquire: _acquired,
    Renew: _renewed,
    Seal: lambda lease, _now, _ask: replace(lease, sealed=True),
    Free: _freed,
    Unlock: _freed,
    Act: _acted,
}


def decide(lease: Lease, now: Moment, ask: Request) -> Answer:
    """The host's answer to a request, and the lease that stands there afterwards."""
    for code, holds in REFUSALS[type(ask)]:
        if holds(lease, now, ask):
            return Answer(code, lease)
    displaced = lease.hosts if isinstance(ask, Acquire) and lease.run != ask.run else ()
    return Answer("", EFFECTS[type(ask)](lease, now, ask), displaced)

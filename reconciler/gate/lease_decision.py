"""Who may act on a host: the whole decision as one table, without clock, disk or network.

The gate decides the same way on the host (a test drives it through every row); the simulator
and the model of the lock run this module. The protocol is in manual lock, 2:

A *token* is a counter on the host's own disk that each grant raises. A run acquires the lease
on all its hosts, then has every one of them confirm it, and only then acts. Each command that
changes something carries run, token, a step that only ever rises, and how long the facts it
rests on are good for, by the clock of the host's current boot. A run ends in two phases: it
seals its lease on every host, so that nothing of it can start any more anywhere, then frees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

# Seconds without renewal after which a lease may be displaced (manual lock, 2); only politeness:
# what keeps a displaced run from acting is its token.
EXPIRY = 120
# The run in a lease that cannot be read: whoever had it may still act, on hosts unknown.
GARBLED = "garbled"


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
    """An operator takes the lease from a run: sealed, it may be displaced by anybody."""

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

    ``displaced`` are the hosts of whoever had the lease before: they, too, must be asked.
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


# A row stands under the kind of request that it reads.
Row = tuple[str, Callable[[Lease, Moment, Any], bool]]
PAUSED: Row = ("paused", lambda _lease, now, _ask: now.paused)
BUSY: Row = ("lease-busy", lambda _lease, now, _ask: now.running)
# Until an operator unlocks it: no time tells which hosts the run has besides.
UNREADABLE: Row = (
    "lease-garbled",
    lambda lease, _now, _ask: lease.run == GARBLED and not lease.sealed,
)
LOST: Row = ("lease-lost", _is_lost)
CLOSED: Row = ("lease-lost", lambda lease, _now, _ask: lease.sealed)
REPEATED: Row = ("action-repeated", lambda lease, _now, ask: ask.step <= lease.step)

# The first row that holds refuses; where none does the answer is yes.
Refusals = Mapping[type[Request], tuple[Row, ...]]
REFUSALS: Refusals = {
    Acquire: (PAUSED, UNREADABLE, ("lease-held", _is_anothers), BUSY),
    Renew: (LOST, CLOSED),
    Seal: (LOST, BUSY),
    Free: (LOST, ("lease-open", lambda lease, _now, _ask: not lease.sealed)),
    Unlock: (("lease-lost", lambda lease, _now, ask: lease.run != ask.run), BUSY),
    Act: (
        LOST,
        CLOSED,
        PAUSED,
        BUSY,
        REPEATED,
        ("rebooted", lambda _lease, now, ask: ask.boot != now.boot),
        ("facts-stale", lambda _lease, now, ask: now.uptime > ask.until),
    ),
}


def _acquired(lease: Lease, now: Moment, ask: Acquire) -> Lease:
    """Its hosts are also those of whoever had it: who comes next must learn of them as well.

    For this run may end, or miss the answer, before it has asked those hosts.
    """
    return Lease(
        lease.token + 1,
        ask.run,
        holder=ask.holder,
        hosts=(*ask.hosts, *(host for host in lease.hosts if host not in ask.hosts)),
        boot=now.boot,
        renewed=now.uptime,
    )


def _renewed(lease: Lease, now: Moment, _ask: Renew) -> Lease:
    return replace(lease, boot=now.boot, renewed=now.uptime)


def _acted(lease: Lease, now: Moment, ask: Act) -> Lease:
    """Whoever acts lives: that renews it, too."""
    return replace(
        lease,
        boot=now.boot,
        renewed=now.uptime,
        step=ask.step,
        action=ask.action,
        began=now.boot,
    )


def _sealed(lease: Lease, _now: Moment, _ask: Seal | Unlock) -> Lease:
    return replace(lease, sealed=True)


def _freed(lease: Lease, _now: Moment, _ask: Request) -> Lease:
    return Lease(lease.token)


# What stands on the host's disk after a yes, before anything else is done.
Effects = Mapping[type[Request], Callable[[Lease, Moment, Any], Lease]]
EFFECTS: Effects = {
    Acquire: _acquired,
    Renew: _renewed,
    Seal: _sealed,
    Free: _freed,
    Unlock: _sealed,
    Act: _acted,
}


def decide(
    lease: Lease,
    now: Moment,
    ask: Request,
    refusals: Refusals = REFUSALS,
    effects: Effects = EFFECTS,
) -> Answer:
    """The host's answer to a request, and the lease that stands there afterwards.

    Only the model of the lock gives another table than the product's, to see that it is worse.
    """
    for code, holds in refusals[type(ask)]:
        if holds(lease, now, ask):
            return Answer(code, lease)
    # Also those of the same run: the answer that told it whom it displaced may have been lost.
    displaced = lease.hosts if isinstance(ask, Acquire) else ()
    return Answer("", effects[type(ask)](lease, now, ask), displaced)

"""What a round comes to: what was found of a cluster, and what that changed of what was known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reconciler.model.documents import Json
from reconciler.model.observed import Unreachable
from reconciler.model.outcome import Blocked, Finding
from reconciler.model.plan import Risk
from reconciler.model.revision import Revision
from reconciler.model.views import Topology
from reconciler.model.watched import Reading, Round, RoundChanges
from reconciler.planning.review.drift import Item
from reconciler.resources.volumes.heartbeat_samples import Beats

# Why something that may be healed is not healed yet.
NO_ROOM = "WaitsForRoom"


@dataclass(frozen=True, slots=True)
class Step:
    """An action that the plan would do; ``digest`` is of all that it does, for who approves it."""

    kind: str
    host: str
    address: str
    summary: str
    risk: Risk
    id: str = ""
    device: str = ""
    irreversible: bool = False
    digest: str = ""


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What one round found of a cluster; ``failure`` says in words why it found nothing.

    ``moment`` is when it began, by the clock of the wall, ``seconds`` how long it took, ``revision``
    the commit at which the cluster was wanted so.

    Of the plan, ``outages`` are in plain values. ``unread`` is what could not be compared. ``readings``
    are its conditions, and ``found`` what all says of the cluster. ``heals`` is what is healed next, in
    words, and ``prospects`` by host and address what becomes of differences.

    Of the hosts, ``machines`` has each with its mark (``machine_marks``), ``beats`` a sample of the
    heartbeats, ``slotless`` the mounts without a slot. ``status`` is what ``reconcile status`` has of
    them, ``topology`` what a picture shows.
    """

    cluster: str
    moment: datetime
    seconds: float
    drift: tuple[Item, ...] = ()
    plan_id: str = ""
    risk: Risk = "none"
    steps: tuple[Step, ...] = ()
    outages: tuple[Any, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    unread: tuple[Blocked, ...] = ()
    unreachable: tuple[Unreachable, ...] = ()
    hosts: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    heals: tuple[str, ...] = ()
    beats: Beats = field(default_factory=dict)
    slotless: frozenset[tuple[str, str]] = frozenset()
    machines: tuple[tuple[str, str], ...] = ()
    prospects: Mapping[tuple[str, str], str] = field(default_factory=dict)
    status: Json | None = None
    topology: Topology | None = None
    failure: str = ""
    found: Round | None = None
    revision: Revision | None = None

    @property
    def marks(self) -> frozenset[str]:
        """The marks of the hosts."""
        return frozenset(mark for _, mark in self.machines)

    @property
    def is_failed(self) -> bool:
        """Whether nothing was learnt: it has failed, or no host has answered."""
        return bool(self.failure) or 0 < len(self.hosts) == len(self.unreachable)


def waiting_for_room(result: RoundResult) -> RoundResult:
    """The same, of which nothing is healed before another healing has ended."""

    def wait(readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
        return tuple(
            replace(
                one, reason=NO_ROOM, message=f"waits until another has ended: {one.message}"
            )
            if (one.kind, one.status) == ("Healing", "True")
            else one
            for one in readings
        )

    found = result.found and replace(result.found, readings=wait(result.found.readings))
    return replace(result, readings=wait(result.readings), found=found)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a round changed; whether it was the first of its cluster; why it could not be kept."""

    changes: RoundChanges
    is_first: bool
    trouble: str = ""

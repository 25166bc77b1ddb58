"""What is known of clusters from round to round, and what of a round is news."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Protocol

from reconciler.planning.review.drift import TRUTHS, Item
from reconciler.watch.round import RoundResult

Level = Literal["info", "warning"]


@dataclass(frozen=True, slots=True)
class News:
    """Something that has changed since it was told: ``fields`` are words of the log."""

    event: str
    level: Level
    cluster: str
    fields: Mapping[str, str]


class Store(Protocol):
    """Where rounds are kept; its calls may wait, and all come from one thread."""

    def record(self, result: RoundResult) -> tuple[News, ...]:
        """Keep what a round found; what of it is news. Raises StoreFailed."""
        ...

    def last_rounds(self) -> Mapping[str, datetime]:
        """When each cluster's last round began, by the clock of the wall."""
        ...

    def close(self) -> None:
        """All that was recorded is kept."""
        ...


@dataclass(slots=True)
class MemoryStore:
    """Rounds as long as this process lives."""

    last: dict[str, RoundResult] = field(default_factory=dict)

    def record(self, result: RoundResult) -> tuple[News, ...]:
        """Keep a cluster's last round; what of it is news."""
        before = self.last.get(result.cluster)
        now = result if before is None else _carry(before, result)
        self.last[result.cluster] = now
        return tuple(news_of(before, now))

    def last_rounds(self) -> Mapping[str, datetime]:
        """Of those that have had one."""
        return {name: result.moment for name, result in self.last.items()}

    def close(self) -> None:
        """Nothing is left."""


Facts = Mapping[tuple[str, ...], Mapping[str, str]]


def news_of(before: RoundResult | None, now: RoundResult) -> Iterator[News]:
    """What differs from the round before; a cluster's first round is news itself."""
    if before is None:
        counts = {
            "hosts": str(now.hosts),
            "unreachable": str(len(now.unreachable)),
            "drift": str(len(now.drift)),
            "actions": str(len(now.steps)),
        }
        yield News("observed", "info", now.cluster, {} if now.failure else counts)
    if now.failure:
        if before is None or before.failure != now.failure:
            yield News("round-failed", "warning", now.cluster, {"message": now.failure})
        return
    if before and before.failure:
        yield News("round-works-again", "info", now.cluster, {})
    for event, end, facts in _TOLD:
        yield from _differences((event, end), now.cluster, _of(facts, before), facts(now))


def _differences(
    events: tuple[str, str], cluster: str, before: Facts, now: Facts
) -> Iterator[News]:
    came, went = events
    for key in now.keys() - before.keys():
        yield News(came, "warning", cluster, now[key])
    for key in before.keys() - now.keys():
        yield News(went, "info", cluster, before[key])


def _of(facts: Callable[[RoundResult], Facts], before: RoundResult | None) -> Facts:
    return facts(before) if before else {}


def _drift(result: RoundResult) -> Facts:
    return {
        _identity(i): {
            "host": i.host,
            "address": i.address,
            "truth": i.truth,
            "class": i.kind,
            "because": i.because,
        }
        for i in result.drift
    }


def _identity(item: Item) -> tuple[str, ...]:
    return (item.host, item.address, item.truth, item.kind, item.code)


def _unreachable(result: RoundResult) -> Facts:
    return {
        (u.host,): {"host": u.host, "code": u.code, "message": u.message}
        for u in result.unreachable
    }


def _blocked(result: RoundResult) -> Facts:
    """Refusals that are told neither as drift nor as hosts that were not reached."""
    lost = {u.host for u in result.unreachable}
    return {
        (b.code, b.subject): {"code": b.code, "subject": b.subject, "message": b.message}
        for b in result.blocked
        if b.code not in TRUTHS and b.subject.rpartition("/")[2] not in lost
    }


_TOLD = (
    ("host-unreachable", "host-reached", _unreachable),
    ("drift-found", "drift-gone", _drift),
    ("blocked", "unblocked", _blocked),
)


def _carry(before: RoundResult, now: RoundResult) -> RoundResult:
    """What is known after a round: of what could not be looked at nothing says that it is gone."""
    if now.failure:
        return replace(before, moment=now.moment, seconds=now.seconds, failure=now.failure)
    lost = {u.host for u in now.unreachable}
    seen = set(_drift(now))
    kept = {key for key in _drift(before) if key[0] in lost and key not in seen}
    open_ = tuple(item for item in before.drift if _identity(item) in kept)
    return replace(now, drift=(*now.drift, *open_))

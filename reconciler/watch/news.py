"""What of a round is news, in words of the log: each change once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from reconciler.model.addresses import CLUSTER, MEMBER, parse_address
from reconciler.model.refusals import REFUSALS, Source
from reconciler.model.watched import (
    HEALING_STOPPED,
    ConditionKind,
    DriftItem,
    Opened,
    Reading,
)
from reconciler.planning.watching.standing import reason_of
from reconciler.watch.result import Recorded, RoundResult

Level = Literal["info", "warning"]
# Of which subjects which conditions are told: a difference tells itself, and what a cluster says is
# not said by each of its members and volumes again. All are kept.
TOLD: Mapping[str, frozenset[ConditionKind]] = {
    CLUSTER: frozenset({"Converged", "Blocked", "Degraded", "Paused", "Healing"}),
    MEMBER: frozenset({"Unreachable"}),
}
UNASKED = frozenset(reason_of(r.code) for r in REFUSALS.values() if Source.HOST in r.source)


@dataclass(frozen=True, slots=True)
class News:
    """Something that has changed since it was told."""

    event: str
    level: Level
    fields: Mapping[str, str | int | None]


def news_of(result: RoundResult, recorded: Recorded) -> Iterator[News]:
    """A cluster's first round is news itself, and of its conditions those that are bad."""
    if recorded.is_first and not result.failure:
        counts = {
            "hosts": len(result.hosts),
            "unreachable": len(result.unreachable),
            "drift": len(result.drift),
            "actions": len(result.steps),
        }
        yield News("observed", "info", counts)
    yield from (_of_condition(one) for one in recorded.changes.opened if _is_news(one))
    for item in recorded.changes.came:
        yield News("drift-found", "warning", _of_drift(item))
    for item in recorded.changes.went:
        yield News("drift-gone", "info", _of_drift(item))


def is_bad(reading: Reading) -> bool:
    """Whether somebody should know of it: not converged, or whatever else is not surely false.

    Of healing only that it has stopped by itself.
    """
    if reading.kind == "Healing":
        return reading.reason in HEALING_STOPPED
    return reading.status != ("True" if reading.kind == "Converged" else "False")


def _is_news(opened: Opened) -> bool:
    """Not in which way a host cannot be asked: that changes while it dies and comes back."""
    reading, before = opened.current.reading, opened.ended
    if reading.kind not in TOLD.get(parse_address(reading.subject).sort, ()):
        return False
    if before is None:
        return is_bad(reading)
    if reading.kind == "Healing":
        return is_bad(reading) or is_bad(before.reading)
    if before.reading.status != reading.status:
        return True
    return is_bad(reading) and not {before.reading.reason, reading.reason} <= UNASKED


def _of_condition(opened: Opened) -> News:
    reading, before = opened.current.reading, opened.ended
    fields = {
        "subject": reading.subject,
        "kind": reading.kind,
        "status": reading.status,
        "was": before.reading.status if before else None,
        "reason": reading.reason,
        "message": reading.message or None,
    }
    return News("condition", "warning" if is_bad(reading) else "info", fields)


def _of_drift(item: DriftItem) -> Mapping[str, str | None]:
    one = item.reading.identity
    return {
        "host": one.host or None,
        "address": one.address,
        "truth": one.truth,
        "class": one.kind,
        "code": one.code or None,
        "severity": item.reading.severity,
        "because": item.reading.because,
    }

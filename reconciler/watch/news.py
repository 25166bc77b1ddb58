"""What of a round is news, in words of the log: each change once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from reconciler.model.refusals import REFUSALS, Source
from reconciler.model.watched import DriftItem, Opened, Reading
from reconciler.watch.result import Recorded, RoundResult

Level = Literal["info", "warning"]
# What differences tell by themselves, each by its name.
TOLD_BY_DRIFT = frozenset({"Drifted"})


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
    """Whether somebody should know of it: not converged, or whatever else is not surely false."""
    return reading.status != ("True" if reading.kind == "Converged" else "False")


def _is_news(opened: Opened) -> bool:
    """Not in which way a host cannot be asked: that changes while it dies and comes back."""
    reading, before = opened.current.reading, opened.ended
    if reading.kind in TOLD_BY_DRIFT:
        return False
    if before is None:
        return is_bad(reading)
    is_same = before.reading.status == reading.status
    return not (is_same and _is_unasked(before.reading) and _is_unasked(reading))


def _is_unasked(reading: Reading) -> bool:
    refusal = REFUSALS.get(reading.reason)
    return refusal is not None and Source.HOST in refusal.source


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
        "because": item.reading.because,
    }

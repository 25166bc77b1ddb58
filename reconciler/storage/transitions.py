"""What a new reading of a condition changes of what is stored: pure, so that it can be proved.

State changes are rows, repeated readings only move ``last_seen``. A message may hold an age or a
count that differs at each look: it is replaced in place, else every round would leave a row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from reconciler.model.watched import Condition, Reading


@dataclass(frozen=True, slots=True)
class Opened:
    """A row begins; ``ended`` is what stood before and now is history, None for the first."""

    current: Condition
    ended: Condition | None


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The row stays, with another message or only with a later ``last_seen``."""

    current: Condition


Transition: TypeAlias = Opened | Refreshed


def follow_condition(old: Condition | None, reading: Reading, now: datetime) -> Transition:
    """What ``reading`` makes of ``old``.

    A clock that was set back does not make a condition end before it began: the time is then
    that of the last look. Raises ValueError for readings of another subject or kind.
    """
    if old is None:
        return Opened(Condition(reading, now, now, now, now), None)
    before, now = old.reading, max(now, old.last_seen)
    if (before.subject, before.kind) != (reading.subject, reading.kind):
        raise ValueError(f"{reading.kind} of {reading.subject} does not follow {before}")
    if before.status != reading.status:
        return Opened(Condition(reading, now, now, now, now), old)
    if before.reason != reading.reason:
        return Opened(Condition(reading, old.since, now, now, now), old)
    changed = old.changed if before == reading else now
    return Refreshed(replace(old, reading=reading, changed=changed, last_seen=now))

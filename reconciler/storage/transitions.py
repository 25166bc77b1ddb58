"""What a new reading of a condition changes of what is stored: pure, so that it can be proved.

State changes are rows, repeated readings only move ``last_seen``. A message may hold an age or a
count that differs at each look: it is replaced in place, else every round would leave a row.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.model.watched import Condition, Opened, Reading, Refreshed, Transition


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

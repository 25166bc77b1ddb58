"""A past run as the lines of its record tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.frozen import frozen
from reconciler.model.outcome import AT_WORK, CUT_OFF
from reconciler.reports.elapsed import seconds_between

Event = Mapping[str, Any]
MANY = 1 << 31  # of the actions of one plan
UNREADABLE = "unreadable"


@frozen
class Past:
    """A run as its lines tell; ``result`` is also ``at work``, ``cut off`` (it has no end) or,
    of somebody else's, ``unreadable``."""

    run: str
    lines: tuple[Event, ...]
    result: str
    broken: int | None

    def first(self, event: str) -> Event:
        """The first line of a kind; empty if there is none."""
        return next((line for line in self.lines if line.get("event") == event), {})

    @property
    def plan(self) -> str:
        """The id of the plan that was made."""
        return str(self.first("observed").get("plan", ""))

    @property
    def ended(self) -> Event:
        """The last line of a run that came to its end."""
        return self.first("run-finished")

    @property
    def seconds(self) -> float | None:
        """How long it took; of one without an end until its last line."""
        last = self.ended or (self.lines[-1] if self.lines else {})
        return seconds_between(self.first("run-started").get("time"), last.get("time"))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many actions ended how; without an end on record by the lines that are there.

        What had started and has no line of its end is ``unknown`` then.
        """
        told = self.ended.get("counts") or {}
        events = [str(line.get("event")) for line in self.lines]
        done = sum(event in {"action-finished", "barrier"} for event in events)
        failed, started = events.count("action-failed"), events.count("action-started")
        if any(told.values()) or not (started or failed):
            return dict(told)
        begun = max(started, done + failed)
        planned = sum(planned_actions(line) for line in self.lines)
        unknown = {"unknown": begun - done - failed} if begun > done + failed else {}
        left = max(0, planned - begun)
        return {"done": done, "failed": failed, "not-started": left, **unknown}


def planned_actions(line: Event) -> int:
    """How many actions a line says that are planned; none where it says something else."""
    found = line.get("actions") if line.get("event") == "observed" else 0
    return found if isinstance(found, int) and 0 <= found < MANY else 0


def past(lines: Sequence[Event], run: str, broken: int | None, *, at_work: bool) -> Past:
    """What became of a run."""
    ended = next((line for line in lines if line.get("event") == "run-finished"), {})
    result = ended.get("result") or (AT_WORK if at_work else CUT_OFF)
    return Past(run, tuple(lines), str(result), broken)

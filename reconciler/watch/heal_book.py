"""What was healed of a cluster, and by which runs: it outlives the daemon, so that strikes count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.planning.watching.strikes import FLAPS, Attempt, History

# Attempts at one difference: more than any rule counts.
MOST_ATTEMPTS = 2 * FLAPS
# Runs whose leases are known for our own: a host has one of a cluster at most.
MOST_RUNS = 8


@dataclass(frozen=True, slots=True)
class HealBook:
    """Of one cluster: its history, and the ids of the runs that healed it, the last one last.

    ``open_run`` is one of which it is not known yet what it tried.
    """

    history: History = field(default_factory=History)
    runs: tuple[str, ...] = ()
    open_run: str = ""

    def begin(self, run: str) -> HealBook:
        """A run begins; it is known for our own even if it is cut off."""
        return replace(self, runs=(*self.runs, run)[-MOST_RUNS:], open_run=run)

    def end(self, attempts: Sequence[Attempt], *, is_whole: bool = False) -> HealBook:
        """What the last run tried; of each difference the last attempts are kept.

        One that tried nothing and came to its end, ``is_whole``, has no lease: it is forgotten, so that
        many of them do not push out one that was cut off and still has its own.
        """
        runs = self.runs
        if is_whole and not attempts:
            runs = tuple(run for run in runs if run != self.open_run)
        found: dict[str, list[Attempt]] = {}
        for attempt in sorted((*self.history.attempts, *attempts), key=lambda a: a.moment):
            found.setdefault(attempt.difference, []).append(attempt)
        kept = tuple(a for some in found.values() for a in some[-MOST_ATTEMPTS:])
        history = replace(self.history, attempts=kept)
        return replace(self, history=history, runs=runs, open_run="")

    def clear(self, moment: datetime | None, now: datetime) -> HealBook:
        """A person has looked: what was before that counts no more.

        What is after ``now`` is of a clock that was wrong: nothing comes before it.
        """
        before = self.history.cleared
        if before is not None and before > now:
            return replace(self, history=replace(self.history, cleared=None)).clear(moment, now)
        if moment is None or moment > now or (before is not None and moment <= before):
            return self
        left = tuple(a for a in self.history.attempts if moment < a.moment <= now)
        return replace(self, history=History(left, moment))

    def text(self) -> str:
        """As it is stored."""
        cleared = self.history.cleared
        attempts = [
            [a.moment.isoformat(), a.difference, a.result] for a in self.history.attempts
        ]
        return json.dumps(
            {
                "attempts": attempts,
                "cleared": cleared.isoformat() if cleared else None,
                "runs": self.runs,
                "open_run": self.open_run,
            }
        )


def read_book(text: str) -> HealBook:
    """The book that was stored as ``text``."""
    found = json.loads(text)
    attempts = (
        Attempt(datetime.fromisoformat(at), difference, result)
        for at, difference, result in found["attempts"]
    )
    cleared = found["cleared"] and datetime.fromisoformat(found["cleared"])
    history = History(tuple(attempts), cleared)
    return HealBook(history, tuple(found["runs"]), found.get("open_run", ""))

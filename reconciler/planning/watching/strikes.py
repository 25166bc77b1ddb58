"""When healing stops by itself: it failed twice, or something keeps changing what it heals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from reconciler.frozen import frozen
from reconciler.model.plan import Action

FAILURES = 2
FLAPS = 3
SPAN = timedelta(hours=1)


@frozen
class Attempt:
    """That a difference (``difference_of``) was healed, or failed to be."""

    moment: datetime
    difference: str
    result: Literal["healed", "failed"]


@frozen
class History:
    """What was healed so far, in any order; ``cleared`` is when a person last applied or resumed.

    What was before that counts no more: somebody has looked.
    """

    attempts: tuple[Attempt, ...] = ()
    cleared: datetime | None = None

    def of(self, difference: str) -> tuple[Attempt, ...]:
        """The attempts at one difference that count, in the order of time."""
        found = [a for a in self.attempts if a.difference == difference and self._counts(a)]
        return tuple(sorted(found, key=lambda attempt: attempt.moment))

    def _counts(self, attempt: Attempt) -> bool:
        return self.cleared is None or attempt.moment > self.cleared


def difference_of(action: Action) -> str:
    """What an action heals, the same each time that it is planned, and in the record of a run."""
    return action.id


def name_action(action: Action) -> str:
    """What an action does, and on which host, in words."""
    return f"{action.summary} on {action.host}" if action.host else action.summary


def failed_twice(attempts: Sequence[Attempt], what: str) -> str:
    """What is said of a difference whose last attempts failed; empty if they did not.

    ``what`` names what heals it (``name_action``).
    """
    last = attempts[-FAILURES:]
    if len(last) < FAILURES or any(attempt.result != "failed" for attempt in last):
        return ""
    return (
        f"{what} failed twice as it was healed ({_times(last)}); apply it by hand, and see why"
    )


def flapping(attempts: Sequence[Attempt], what: str, trace: str = "") -> str:
    """What is said of a difference that comes again; ``trace`` is what the host tells of it.

    ``what`` names what heals it (``name_action``). It was healed three times within an hour, whenever that was.
    """
    healed = [attempt for attempt in attempts if attempt.result == "healed"]
    runs = zip(*(healed[n:] for n in range(FLAPS)), strict=False)
    found = [run for run in runs if run[-1].moment - run[0].moment <= SPAN]
    if not found:
        return ""
    told = f"; {trace}" if trace else ""
    return (
        f"{what} was healed {FLAPS} times within an hour ({_times(found[-1])}), and something "
        f"changes it again each time{told}; find what does, then apply"
    )


def _times(attempts: Iterable[Attempt]) -> str:
    moments = (attempt.moment.astimezone(UTC) for attempt in attempts)
    return ", ".join(moment.isoformat(timespec="seconds") for moment in moments)

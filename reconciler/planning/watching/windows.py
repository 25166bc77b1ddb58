"""Whether a moment is inside the windows in which healing is allowed. What denies wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from reconciler.frozen import frozen
from reconciler.model.policy import Window
from reconciler.model.schedules import last_start, next_start


@frozen
class Opening:
    """``reason`` says why it is not open, empty if it is; ``until`` when that may change, if ever."""

    reason: str = ""
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether healing is allowed."""
        return not self.reason


def look_at_windows(windows: Sequence[Window], now: datetime) -> Opening:
    """Open outside of all that deny, and inside of one that allows if there is any.

    A window is open from its start, and not any more at its end. ``now`` knows its offset.
    """
    denied = [item for item in windows if item.kind == "deny"]
    allowed = [item for item in windows if item.kind == "allow"]
    if closing := [(end, item) for item in denied if (end := _end(item, now))]:
        until, item = max(closing, key=lambda found: found[0])
        return Opening(f"the window '{item.schedule}' denies it", until)
    ends = [end for item in allowed if (end := _end(item, now))]
    if allowed and not ends:
        opens = min(_starts(allowed, now), default=None)
        return Opening("no window that allows it is open", opens)
    changes = [*_starts(denied, now), *([max(ends)] if ends else [])]
    return Opening("", min(changes, default=None))


def _end(window: Window, now: datetime) -> datetime | None:
    """When it closes, if it is open."""
    start = last_start(window.schedule, window.time_zone, now)
    end = start + window.duration if start else None
    return end if end and now < end else None


def _starts(windows: Iterable[Window], now: datetime) -> Iterator[datetime]:
    starts = (next_start(item.schedule, item.time_zone, now) for item in windows)
    return (start for start in starts if start)


def words(opening: Opening) -> str:
    """Why it is not open, and until when; empty if it is open."""
    until = None if opening.is_open else opening.until
    told = until.astimezone(UTC).isoformat(timespec="minutes") if until else ""
    return f"{opening.reason}, until {told}" if told else opening.reason

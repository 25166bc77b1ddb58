"""Moments and spans of time as people read them: in the zone of who looks, in two units."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, datetime, tzinfo

MINUTE, HOUR, DAY = 60, 3600, 86400


def parse_moment(text: object) -> datetime | None:
    """A time of ISO 8601 with its zone; None for anything else.

    It can be shown in any zone, so none of the first and the last year there is.
    """
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None and MINYEAR < found.year < MAXYEAR else None


def local_moment(text: object, zone: tzinfo | None = None) -> str:
    """``2026-11-22 13:00`` in ``zone``, else the machine's own; ``?`` for no time."""
    found = parse_moment(text)
    return f"{found.astimezone(zone):%Y-%m-%d %H:%M}" if found else "?"


def local_clock(text: object, zone: tzinfo | None = None) -> str:
    """``13:00:03`` in ``zone``, else the machine's own."""
    found = parse_moment(text)
    return f"{found.astimezone(zone):%H:%M:%S}" if found else "--:--:--"


def zone_words(text: object, zone: tzinfo | None = None) -> str:
    """The zone of a moment, as ``UTC+01:00``: names of zones mean several things."""
    found = parse_moment(text)
    words = f"{found.astimezone(zone):%z}" if found else ""
    return f"UTC{words[:3]}:{words[3:5]}" if words.strip("+0") else "UTC"


def seconds_between(began: object, ended: object) -> float | None:
    """From one moment to the other; None if one of them is none."""
    first, last = parse_moment(began), parse_moment(ended)
    return (last - first).total_seconds() if first and last else None


def span_words(seconds: float) -> str:
    """``9 s``, ``4 min 10 s``, ``1 h 02 min``, ``3 d 4 h``."""
    whole = max(0, round(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"

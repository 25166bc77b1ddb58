"""Times that come again: cron's words in a time zone. The only door to cronsim and zoneinfo.

What crontab(5) leaves open is as Debian's cron has it. Of fixed times, one that a change to
summer time leaves out is at the end of the gap, and one that the change back has twice is the
first of the two. ``*`` and ``*/N`` as minute or hour count the hours that really pass: an hour
that is there twice is meant twice, one that is left out is not made up for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, WithJsonSchema

from reconciler.model.field_types import quote_value, refusal

FIELDS = 5
LONGEST = 100
# No clock is put by more. A search that began at the moment itself would begin behind the first of
# two equal times.
FOLD = timedelta(hours=3)
# Every minute of that span twice, and some.
MOST = 400


def parse_schedule(text: str) -> str:
    """``text`` itself; PydanticCustomError unless it is five fields that some day matches."""
    fields = text.split()
    if len(fields) != FIELDS or len(text) > LONGEST:
        message = f"{quote_value(text)} is no schedule: it has the five fields of crontab(5)"
        raise refusal("bad-value", message)
    try:
        next(CronSim(text, datetime(2000, 1, 1, tzinfo=UTC)))
    except StopIteration as error:
        raise refusal("bad-value", f"{quote_value(text)}: no day is ever so") from error
    except CronSimError as error:
        raise refusal("bad-value", f"{quote_value(text)}: {_lower(str(error))}") from error
    return text


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def parse_time_zone(name: str) -> str:
    """``name`` itself; PydanticCustomError unless this machine has that zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise refusal("bad-value", f"{quote_value(name)} is {_unknown(name)}") from error
    return name


def _unknown(name: str) -> str:
    # An abbreviation is like many, and none of them is it.
    known = {zone.casefold(): zone for zone in available_timezones() if "/" in zone}
    if not known:
        return "not to be had: this machine has no time zones (package tzdata)"
    near = get_close_matches(name.casefold()[:LONGEST], known, n=1)
    meant = f"; did you mean {known[near[0]]}?" if near else ", like Europe/Berlin"
    return f"no time zone that this machine knows{meant}"


Schedule = Annotated[
    str,
    AfterValidator(parse_schedule),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\S+( +\S+){4}$", "examples": ["0 22 * * 1-5"]}
    ),
]
TimeZone = Annotated[
    str,
    AfterValidator(parse_time_zone),
    WithJsonSchema({"type": "string", "examples": ["Europe/Berlin", "UTC"]}),
]


def last_start(schedule: str, zone: str, now: datetime) -> datetime | None:
    """The latest time of the schedule that is not after ``now``, in UTC; None if none ever was."""
    around = CronSim(schedule, (now + FOLD).astimezone(ZoneInfo(zone)), reverse=True)
    return next((start for start in _starts(around) if start <= now), None)


def next_start(schedule: str, zone: str, now: datetime) -> datetime | None:
    """The first time of the schedule after ``now``, in UTC; None if there is none."""
    around = CronSim(schedule, (now - FOLD).astimezone(ZoneInfo(zone)))
    return next((start for start in _starts(around) if start > now), None)


def _starts(times: CronSim) -> Iterator[datetime]:
    """In UTC, since Python compares two times of one zone by what the clock on the wall shows."""
    return (start.astimezone(UTC) for start in islice(times, MOST))

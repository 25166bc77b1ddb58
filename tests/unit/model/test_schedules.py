"""Times that come again: what a summer time leaves out or has twice, and what no day is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.schedules import last_start, next_start, parse_schedule, parse_time_zone
from tests.strategies import bounded

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# On 2026-03-29 in Berlin 02:00 to 03:00 is left out (01:00 UTC); on 2026-10-25 it is there twice
# (00:00 to 02:00 UTC).
@pytest.mark.parametrize(
    ("schedule", "zone", "now", "last", "following"),
    [
        ("30 22 * * *", "UTC", "2026-05-01T22:30", "2026-05-01T22:30", "2026-05-02T22:30"),
        ("30 22 * * *", "UTC", "2026-05-01T22:29", "2026-04-30T22:30", "2026-05-01T22:30"),
        ("0 22 * * *", BERLIN, "2026-01-10T21:00", "2026-01-10T21:00", "2026-01-11T21:00"),
        ("0 22 * * *", BERLIN, "2026-07-10T20:00", "2026-07-10T20:00", "2026-07-11T20:00"),
        # Left out: at the end of the gap, and once.
        ("30 2 * * *", BERLIN, "2026-03-29T00:59", "2026-03-28T01:30", "2026-03-29T01:00"),
        ("30 2 * * *", BERLIN, "2026-03-29T01:00", "2026-03-29T01:00", "2026-03-30T00:30"),
        # There twice: the first of the two, and once.
        ("30 2 * * *", BERLIN, "2026-10-25T00:29", "2026-10-24T00:30", "2026-10-25T00:30"),
        ("30 2 * * *", BERLIN, "2026-10-25T01:10", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("30 2 * * *", BERLIN, "2026-10-25T01:45", "2026-10-25T00:30", "2026-10-26T01:30"),
        # Hours that pass are counted: the one that is there twice is meant twice.
        ("0 * * * *", BERLIN, "2026-10-25T01:10", "2026-10-25T01:00", "2026-10-25T02:00"),
        ("0 * * * *", BERLIN, "2026-03-29T01:10", "2026-03-29T01:00", "2026-03-29T02:00"),
        ("0 0 29 2 *", "UTC", "2026-05-01T00:00", "2024-02-29T00:00", "2028-02-29T00:00"),
        ("* * * * *", "UTC", "2026-05-01T00:00", "2026-05-01T00:00", "2026-05-01T00:01"),
    ],
)
def test_it_has_a_last_and_a_next_time(schedule, zone, now, last, following):
    assert last_start(schedule, zone, utc(now)) == utc(last)
    assert next_start(schedule, zone, utc(now)) == utc(following)


@bounded
@given(
    st.integers(0, 365 * 86400).map(lambda s: utc("2026-01-01") + timedelta(seconds=s)),
    st.sampled_from(["30 2 * * *", "15,45 1-3 * * 0", "*/20 * * * *", "0 3 25 10 *"]),
    st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_nothing_lies_between_the_last_and_the_next_time(now, schedule, zone):
    last, following = last_start(schedule, zone, now), next_start(schedule, zone, now)
    assert last is not None
    assert following is not None
    assert last <= now < following
    assert next_start(schedule, zone, last) == following
    moment = timedelta(microseconds=1)
    assert last_start(schedule, zone, following - moment) == last


def test_the_zone_of_now_does_not_matter():
    now = utc("2026-10-25T01:10")
    for zone in (BERLIN, "Asia/Tokyo"):
        seen = now.astimezone(ZoneInfo(zone))
        assert last_start("30 2 * * *", BERLIN, seen) == utc("2026-10-25T00:30")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 22 * *", "has the five fields of crontab(5)"),
        ("0 0 22 * * *", "has the five fields of crontab(5)"),
        ("@daily", "has the five fields of crontab(5)"),
        ("0 24 * * *", "bad hour"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 * * 9", "bad day-of-week"),
        ("0 0 1 2 MON#6", "bad day-of-week"),
        ("0 0 * 2 MON#5,x", "bad day-of-week"),
    ],
)
def test_what_is_no_schedule_is_refused(text, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(").replace(")", r"\)")):
        parse_schedule(text)


@bounded
@given(st.text(alphabet="0123456789*/,-#L WMON²", max_size=30).map(lambda s: f"{s} * * 1"))
def test_whatever_is_written_is_a_schedule_or_refused(text):
    try:
        assert parse_schedule(text) == text
    except ValueError:
        return


@pytest.mark.parametrize(
    "name", ["Europe/Berlni", "CEST", "", "Europe", "../etc/passwd", "/etc"]
)
def test_what_is_no_time_zone_is_refused(name):
    with pytest.raises(ValueError, match="no time zone that this machine knows"):
        parse_time_zone(name)


def test_a_misspelt_time_zone_is_named():
    with pytest.raises(ValueError, match=r"did you mean Europe/Berlin\?"):
        parse_time_zone("europe/berlni")

"""Times are said in the zone of who looks, and spans in two units."""

from datetime import UTC, timedelta, timezone

import pytest

from reconciler.reports.elapsed import local_clock, local_moment, span_words, zone_words

NOON = "2026-11-22T12:00:03.250+00:00"


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        (UTC, ("2026-11-22 12:00", "12:00:03", "UTC")),
        (
            timezone(timedelta(hours=5, minutes=30)),
            ("2026-11-22 17:30", "17:30:03", "UTC+05:30"),
        ),
        (timezone(timedelta(hours=-13)), ("2026-11-21 23:00", "23:00:03", "UTC-13:00")),
    ],
)
def test_a_moment_is_told_in_its_zone(zone, told):
    assert (local_moment(NOON, zone), local_clock(NOON, zone), zone_words(NOON, zone)) == told


@pytest.mark.parametrize("text", [None, "", 7, "noon", "2026-11-22T12:00:03"])
def test_what_is_no_moment_is_none(text):
    assert (local_moment(text), local_clock(text), zone_words(text)) == ("?", "--:--:--", "UTC")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (60, "1 min 00 s"),
        (250, "4 min 10 s"),
        (3720, "1 h 02 min"),
        (86400 * 3 + 3600 * 4, "3 d 4 h"),
        (-5, "0 s"),
    ],
)
def test_a_span_is_told_in_two_units(seconds, words):
    assert span_words(seconds) == words

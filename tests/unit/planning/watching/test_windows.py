"""Windows: which moment is inside, what denies wins, and what is said of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.policy import Window
from reconciler.planning.watching.windows import Opening, look_at_windows, words
from tests.strategies import bounded


def window(
    schedule: str, duration: str = "4h", kind: str = "allow", zone: str = "UTC"
) -> Window:
    return Window.model_validate(
        {"kind": kind, "schedule": schedule, "duration": duration, "time_zone": zone}
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHT = window("0 22 * * *")
BACKUP = window("0 23 * * *", "1h", "deny")


@pytest.mark.parametrize(
    ("windows", "now", "told"),
    [
        ((), "2026-05-01T12:00", Opening()),
        ((NIGHT,), "2026-05-01T21:59", Opening("closed", utc("2026-05-01T22:00"))),
        ((NIGHT,), "2026-05-01T22:00", Opening("", utc("2026-05-02T02:00"))),
        ((NIGHT,), "2026-05-02T01:59", Opening("", utc("2026-05-02T02:00"))),
        ((NIGHT,), "2026-05-02T02:00", Opening("closed", utc("2026-05-02T22:00"))),
        ((NIGHT, BACKUP), "2026-05-01T22:30", Opening("", utc("2026-05-01T23:00"))),
        ((NIGHT, BACKUP), "2026-05-01T23:30", Opening("closed", utc("2026-05-02T00:00"))),
        ((BACKUP, NIGHT), "2026-05-01T23:30", Opening("closed", utc("2026-05-02T00:00"))),
        ((BACKUP,), "2026-05-01T12:00", Opening("", utc("2026-05-01T23:00"))),
        ((BACKUP,), "2026-05-01T23:00", Opening("closed", utc("2026-05-02T00:00"))),
    ],
)
def test_a_moment_is_inside_or_not(windows, now, told):
    found = look_at_windows(windows, utc(now))
    assert (found.is_open, found.until) == (told.is_open, told.until)


def test_a_duration_is_of_hours_that_pass():
    """From 01:00 on, on the day that has the hour from two to three twice, or not at all."""
    item = window("0 1 * * *", "2h", zone="Europe/Berlin")
    ends = {"2026-10-24T23:00": "2026-10-25T01:00", "2026-03-29T00:00": "2026-03-29T02:00"}
    for start, end in ends.items():
        assert look_at_windows((item,), utc(start)).until == utc(end)
        assert not look_at_windows((item,), utc(end)).is_open


def test_a_window_in_the_left_out_hour_is_open_from_its_end():
    item = window("30 2 * * *", "1h", zone="Europe/Berlin")
    assert not look_at_windows((item,), utc("2026-03-29T00:45")).is_open
    assert look_at_windows((item,), utc("2026-03-29T01:30")).is_open
    assert not look_at_windows((item,), utc("2026-03-29T02:00")).is_open


def test_it_is_said_in_words():
    found = look_at_windows((NIGHT, BACKUP), utc("2026-05-01T23:30"))
    told = "the window '0 23 * * *' denies it, until 2026-05-02T00:00+00:00"
    assert words(found) == told
    found = look_at_windows((NIGHT,), utc("2026-05-01T12:00"))
    told = "no window that allows it is open, until 2026-05-01T22:00+00:00"
    assert words(found) == told


WINDOWS = st.builds(
    window,
    st.sampled_from(["0 22 * * *", "30 2 * * 0", "*/7 * * * *", "15 3 1 * *"]),
    st.sampled_from(["5m", "1h", "30h"]),
    st.sampled_from(["allow", "deny"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
YEAR = timedelta(days=365).total_seconds()
MOMENTS = st.integers(0, int(YEAR)).map(lambda s: utc("2026-01-01") + timedelta(seconds=s))


@bounded
@given(st.lists(WINDOWS, max_size=4), MOMENTS)
def test_what_denies_wins_and_one_that_allows_is_needed(windows, now):
    def inside(item: Window) -> bool:
        return look_at_windows((item.model_copy(update={"kind": "allow"}),), now).is_open

    denied = any(inside(item) for item in windows if item.kind == "deny")
    allowed = [inside(item) for item in windows if item.kind == "allow"]
    wanted = not denied and (any(allowed) or not allowed)
    assert look_at_windows(windows, now).is_open is wanted


@bounded
@given(st.lists(WINDOWS, max_size=3), MOMENTS)
def test_until_then_it_stays_as_it_is(windows, now):
    found = look_at_windows(windows, now)
    if found.until is None:
        return
    assert found.until > now
    before = max(now, found.until - timedelta(seconds=1))
    assert look_at_windows(windows, before).is_open is found.is_open

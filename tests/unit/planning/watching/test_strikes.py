"""Strikes: what failed twice and what comes again and again is left, until somebody has looked."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.planning.watching.strikes import Attempt, History, failed_twice, flapping

WHAT = "mount images on /srv/images on node02"
START = datetime(2026, 5, 1, 9, tzinfo=UTC)


def history(*tries, cleared=None, what="mount node02 volume/images"):
    """Each try is a minute and a result."""
    found = (Attempt(START + timedelta(minutes=m), what, result) for m, result in tries)
    moment = None if cleared is None else START + timedelta(minutes=cleared)
    return History(tuple(found), moment)


def of(found):
    return found.of("mount node02 volume/images")


@pytest.mark.parametrize(
    ("tries", "cleared", "stops"),
    [
        ((), None, False),
        (((0, "failed"),), None, False),
        (((0, "failed"), (5, "failed")), None, True),
        (((5, "failed"), (0, "failed")), None, True),
        (((0, "failed"), (5, "healed"), (9, "failed")), None, False),
        (((0, "failed"), (5, "failed"), (9, "healed")), None, False),
        (((0, "failed"), (9999, "failed")), None, True),
        (((0, "failed"), (5, "failed")), 5, False),
        (((0, "failed"), (5, "failed")), 4, False),
        (((0, "failed"), (5, "failed"), (6, "failed")), 4, True),
    ],
)
def test_two_failures_in_a_row_stop(tries, cleared, stops):
    assert bool(failed_twice(of(history(*tries, cleared=cleared)), WHAT)) is stops


@pytest.mark.parametrize(
    ("minutes", "cleared", "stops"),
    [
        ((0, 30), None, False),
        ((0, 30, 60), None, True),
        ((60, 0, 30), None, True),
        ((0, 30, 61), None, False),
        ((0, 50, 100, 110), None, True),
        # It stays stopped, whatever comes later and however long ago it was.
        ((0, 10, 20, 5000), None, True),
        ((0, 30, 60), 0, False),
        ((0, 30, 60), 60, False),
    ],
)
def test_three_times_within_an_hour_stop(minutes, cleared, stops):
    found = of(history(*((m, "healed") for m in minutes), cleared=cleared))
    assert bool(flapping(found, WHAT)) is stops


def test_failures_between_do_not_hide_that_it_comes_again():
    tries = ((0, "healed"), (10, "failed"), (20, "healed"), (30, "healed"))
    assert flapping(of(history(*tries)), WHAT)


def test_another_difference_does_not_count():
    other = history((0, "failed"), (1, "failed"), what="mount node01 volume/images")
    assert of(other) == ()


def test_it_is_said_when_and_what_changes_it():
    found = of(history((0, "healed"), (10, "healed"), (20, "healed")))
    trace = "/etc/fstab was written at 09:19 by user 1001"
    times = "2026-05-01T09:00:00+00:00, 2026-05-01T09:10:00+00:00, 2026-05-01T09:20:00+00:00"
    assert flapping(found, WHAT, trace) == (
        f"{WHAT} was healed 3 times within an hour ({times}), and something changes it again each "
        f"time; {trace}; find what does, then apply"
    )
    failed = of(history((0, "failed"), (10, "failed")))
    times = "2026-05-01T09:00:00+00:00, 2026-05-01T09:10:00+00:00"
    assert failed_twice(failed, WHAT) == (
        f"{WHAT} failed twice as it was healed ({times}); apply it by hand, and see why"
    )

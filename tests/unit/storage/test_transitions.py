"""How readings of a condition become rows: none is lost, equal ones add nothing."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.watched import Condition, Opened, Reading, Refreshed
from reconciler.storage.transitions import follow_condition

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
READINGS = st.builds(
    Reading,
    subject=st.just("member/node01"),
    kind=st.just("Unreachable"),
    status=st.sampled_from(("True", "False", "Unknown")),
    reason=st.sampled_from(("host-unreachable", "host-key-unknown")),
    message=st.sampled_from(("no answer", "no answer in 30 s")),
)
# Clocks are set back, too.
LOOKS = st.lists(st.tuples(READINGS, st.integers(-900, 900)), min_size=1, max_size=30)


def rows(looks: list[tuple[Reading, int]]) -> list[Condition]:
    """The rows that a history of looks leaves, the last of them the current one."""
    found: list[Condition] = []
    now = EPOCH
    for reading, seconds in looks:
        now += timedelta(seconds=seconds)
        step = follow_condition(found[-1] if found else None, reading, now)
        if isinstance(step, Opened):
            assert step.ended == (found[-1] if found else None)
            found.append(step.current)
        else:
            found[-1] = step.current
        assert found[-1].reading == reading
    return found


@given(LOOKS)
def test_a_row_is_a_change_of_status_or_reason(looks):
    words = [(reading.status, reading.reason) for reading, _ in looks]
    changes = 1 + sum(a != b for a, b in pairwise(words))
    assert len(rows(looks)) == changes


@given(LOOKS)
def test_times_are_in_order_whatever_the_clock_does(looks):
    found = rows(looks)
    for row in found:
        assert row.since <= row.began <= row.changed <= row.last_seen
    for before, after in pairwise(found):
        assert before.last_seen <= after.began


@given(LOOKS)
def test_since_is_when_the_status_became_what_it_is(looks):
    for before, after in pairwise(rows(looks)):
        same = before.reading.status == after.reading.status
        assert after.since == (before.since if same else after.began)


@given(READINGS)
def test_an_equal_reading_only_moves_last_seen(reading):
    old, later = Condition(reading, EPOCH, EPOCH, EPOCH, EPOCH), EPOCH + timedelta(minutes=5)
    expected = Condition(reading, EPOCH, EPOCH, EPOCH, later)
    assert follow_condition(old, reading, later) == Refreshed(expected)


def test_what_is_of_another_subject_does_not_follow():
    one = Reading("member/node01", "Paused", "True", "paused", "by hand")
    other = Reading("member/node02", "Paused", "True", "paused", "by hand")
    with pytest.raises(ValueError, match="does not follow"):
        follow_condition(Condition(one, EPOCH, EPOCH, EPOCH, EPOCH), other, EPOCH)

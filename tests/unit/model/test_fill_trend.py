"""When a volume will be full."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.fill_trend import bytes_a_day, days_until_full
from reconciler.model.watched import Sample

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def samples(used, *, size=1000, hours=6.0, first=EPOCH):
    step = timedelta(hours=hours)
    return [Sample("v", size, one, first + step * n) for n, one in enumerate(used)]


def test_a_volume_that_fills_evenly_is_full_when_its_room_is_gone():
    # 10 bytes in 6 hours are 40 a day; 960 are left
    assert days_until_full(samples([10, 20, 30, 40])) == pytest.approx(24)


@pytest.mark.parametrize(
    "found",
    [
        [],
        samples([1]),
        samples([1, 2, 3]),
        samples([1, 2, 3, 4], hours=1),
        samples([4, 3, 2, 1]),
        samples([5, 5, 5, 5]),
        samples([1, 1, 1, 2], size=10**12),
    ],
    ids=["none", "one", "few", "short", "emptier", "level", "ten years"],
)
def test_what_says_nothing_is_no_trend(found):
    assert days_until_full(found) is None


def test_a_full_volume_is_full_now():
    assert days_until_full(samples([1000])) == 0


def test_only_samples_of_its_size_count():
    before = samples([0, 900, 0, 900], size=1000)
    after = samples([10, 20, 30, 40], size=1000 + 1, first=EPOCH + timedelta(days=9))
    assert bytes_a_day([*before, *after]) == pytest.approx(40)
    assert bytes_a_day([*after[:2], *before]) != pytest.approx(40)


@given(st.lists(st.integers(0, 1000), max_size=20))
def test_it_is_never_full_in_the_past(used):
    days = days_until_full(samples(used))
    assert days is None or 0 <= days <= 3650

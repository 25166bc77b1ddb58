"""Who is told what: on change only, a lasting trouble once a day, and its end."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.watched import Happening, Told, TroubleKey
from reconciler.notify.news import (
    RANK,
    REMIND_AFTER,
    Standing,
    find_news,
)
from tests.unit.notify.news_worlds import EPOCH, standing

HOUR = timedelta(hours=1)


def tell(
    now_standing: list[Standing],
    told: Mapping[TroubleKey, Told],
    hours: float = 0,
    minimum="cosmetic",
):
    """What is told, as (happening, subject), and what was told by then."""
    news = find_news(now_standing, told, minimum, EPOCH + hours * HOUR)
    if news is None:
        return [], told
    return [(item.happening, item.standing.key[0]) for item in news.items], news.told


def test_nothing_is_told_while_all_is_well():
    assert tell([standing(status="False"), standing(kind="Converged")], {}) == ([], {})


def test_a_trouble_is_told_once_then_daily_then_its_end():
    told: Mapping[TroubleKey, Told] = {}
    heard: list[tuple[int, Happening]] = []
    for hour in range(60):
        happenings, told = tell([standing(status="True" if hour < 50 else "False")], told, hour)
        heard += [(hour, happening) for happening, _ in happenings]
    assert heard == [(0, "began"), (24, "lasts"), (48, "lasts"), (50, "ended")]
    assert told == {}


@pytest.mark.parametrize(
    "other", [{"reason": "host-key-unknown"}, {"severity": "loses"}, {"severity": "cosmetic"}]
)
def test_another_reason_or_severity_is_told(other):
    _, told = tell([standing()], {})
    assert tell([standing(**other)], told)[0] == [("changed", "member/node01")]


def test_another_message_is_no_news():
    _, told = tell([standing()], {})
    assert tell([standing(message="node01 gives no answer for 7 s")], told, 1)[0] == []


def test_a_trouble_that_cannot_be_seen_has_not_ended():
    _, told = tell([standing()], {})
    for hour in (1, 30):
        happenings, told = tell([standing(status="Unknown")], told, hour)
        assert happenings == []
    assert tell([standing(status="False")], told, 31)[0] == [("ended", "member/node01")]


def test_an_unknown_trouble_keeps_its_place_when_another_is_told():
    _, told = tell([standing()], {})
    both = [standing(status="Unknown"), standing("volume/images", "Degraded")]
    happenings, told = tell(both, told, 1)
    assert happenings == [("began", "volume/images")]
    assert ("member/node01", "Unreachable") in told


def test_a_slight_trouble_is_told_to_who_wants_it():
    slight = [standing(severity="cosmetic")]
    assert tell(slight, {}, minimum="degrades")[0] == []
    assert tell(slight, {}, minimum="cosmetic")[0] == [("began", "member/node01")]


def test_nobody_is_reminded_of_what_became_slight():
    _, told = tell([standing()], {}, minimum="degrades")
    slight = [standing(severity="cosmetic")]
    happenings, told = tell(slight, told, 1, "degrades")
    assert happenings == [("changed", "member/node01")]
    assert tell(slight, told, 100, "degrades")[0] == []
    gone = [standing(status="False")]
    assert tell(gone, told, 101, "degrades")[0] == [("ended", "member/node01")]


def test_the_gravest_comes_first_and_ends_come_last():
    _, told = tell([standing("member/node09", severity="loses")], {})
    now = [
        standing("member/node09", status="False", severity="loses"),
        standing("member/node01", severity="cosmetic"),
        standing("member/node02", severity="loses"),
    ]
    assert [subject for _, subject in tell(now, told, 1)[0]] == [
        "member/node02",
        "member/node01",
        "member/node09",
    ]


def test_a_clock_that_was_set_back_makes_a_reminder_early_rather_than_never():
    _, told = tell([standing()], {}, 1000)
    assert tell([standing()], told, 0)[0] == [("lasts", "member/node01")]


STANDINGS = st.lists(
    st.builds(
        standing,
        subject=st.sampled_from(("member/node01", "volume/images")),
        kind=st.sampled_from(("Drifted", "Unreachable", "Degraded")),
        status=st.sampled_from(("True", "False", "Unknown")),
        reason=st.sampled_from(("a", "b")),
        severity=st.sampled_from(tuple(RANK)),
    ),
    max_size=4,
    unique_by=lambda each: each.key,
)


@settings(max_examples=40)  # each is a whole story
@given(STANDINGS, STANDINGS, st.sampled_from(tuple(RANK)))
def test_what_was_told_is_not_told_again_until_it_changes_or_a_day_has_passed(
    first, second, minimum
):
    _, told = tell(first, {}, 0, minimum)
    assert tell(first, told, REMIND_AFTER / HOUR - 0.1, minimum)[0] == []
    # Whoever missed the second look knows in the end what stands.
    _, after = tell(second, told, 1, minimum)
    for each in second:
        grave = RANK[each.severity] >= RANK[minimum]
        if each.is_trouble and grave:
            assert after[each.key].reason == each.condition.reading.reason
        elif not each.is_trouble and not each.is_unknown:
            assert each.key not in after


def test_what_is_not_found_any_more_has_ended():
    _, told = tell([standing("node/node01/volume/a/v/boot", "Drifted")], {})
    happenings, told = tell([], told, 1)
    assert happenings == [("ended", "node/node01/volume/a/v/boot")]
    assert tell([], told, 2) == ([], {})

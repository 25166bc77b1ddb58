"""Titles: what befell, and where, on one line that fits the head of a chat."""

import pytest

from reconciler.model.watched import ConditionKind, ConditionStatus, Happening
from reconciler.notify.bodies import text
from reconciler.notify.documents import About, notification, title
from reconciler.notify.news import Item, News, Standing
from tests.unit.notify.news_worlds import EPOCH, standing

OWN = "cluster/alpha"
NOT_MOUNTED = "node02: images is not mounted; node03: images is not mounted"
BY_ADA = "paused by ada since 2026-01-01T00:00:00+00:00, until it is resumed (disks): node01"


def own_standing(
    kind: ConditionKind, reason: str, message: str, status: ConditionStatus = "True"
) -> Standing:
    return standing(OWN, kind, status, reason=reason, message=message)


def title_of(happening: Happening, found: Standing, count: int = 1) -> str:
    return title("alpha", (Item(happening, found, None),) * count)


DEGRADED = own_standing("Degraded", "NotMounted", NOT_MOUNTED)
STOPPED = own_standing("Healing", "Flapping", "mount was healed 3 times", "False")
TITLES: list[tuple[Happening, Standing, str]] = [
    ("began", STOPPED, "alpha: healing has stopped (Flapping)"),
    ("changed", STOPPED, "alpha: healing has stopped, now for another reason (Flapping)"),
    ("lasts", STOPPED, "alpha: healing is still stopped (Flapping)"),
    ("ended", STOPPED, "alpha: healing is no longer stopped"),
    ("began", DEGRADED, "alpha is Degraded: node02: images is not mounted"),
    (
        "changed",
        DEGRADED,
        "alpha is Degraded now for another reason: node02: images is not mounted",
    ),
    ("lasts", DEGRADED, "alpha is still Degraded: node02: images is not mounted"),
    ("ended", DEGRADED, "alpha is no longer Degraded"),
    ("began", own_standing("Degraded", "NotMounted", ""), "alpha is Degraded: NotMounted"),
    (
        "lasts",
        own_standing("Paused", "PausedByOperator", "paused by ada"),
        "alpha is still paused by ada",
    ),
    ("began", standing(), "alpha: member/node01 is Unreachable (host-unreachable)"),
]


@pytest.mark.parametrize(("happening", "found", "words"), TITLES)
def test_a_title_says_what_befell_and_where(happening, found, words):
    assert title_of(happening, found) == words
    assert title_of(happening, found, 3) == f"{words}, and 2 more"


@pytest.mark.parametrize("message", [BY_ADA * 3, "no room " * 100, "x" * 1000, "one\nline"])
@pytest.mark.parametrize("happening", ["began", "changed", "lasts", "ended"])
@pytest.mark.parametrize("kind", ["Degraded", "Blocked", "Paused"])
def test_a_title_is_one_line_that_fits_the_head_of_a_chat(message, happening, kind):
    found = title_of(happening, own_standing(kind, "Reason", message), 201)
    assert "\n" not in found
    assert len(found) <= 150
    assert found.endswith(", and 200 more")


def test_the_text_says_of_healing_that_it_stopped():
    news = News((Item("began", STOPPED, None),), {})
    told = text(notification(About("alpha", "a.yaml"), news, message_id="msg_1", now=EPOCH))
    assert "\ncluster/alpha: Healing stopped, Flapping (degrades)\n" in told

"""Conditions that stand, for tests of what is told of them."""

from datetime import UTC, datetime, timedelta

from reconciler.model.notification import Notification
from reconciler.model.policy import Severity
from reconciler.model.watched import (
    Condition,
    ConditionKind,
    ConditionStatus,
    Reading,
)
from reconciler.notify.documents import About, notification
from reconciler.notify.news import Standing, find_news

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
ABOUT = About("alpha", "cluster.yaml", ("sha256:0123", "Plan of alpha\n  1. mount\n"))


def standing(  # noqa: PLR0913  # what tests vary
    subject: str = "member/node01",
    kind: ConditionKind = "Unreachable",
    status: ConditionStatus = "True",
    *,
    reason: str = "host-unreachable",
    severity: Severity = "degrades",
    message: str = "node01 gives no answer",
) -> Standing:
    """One condition. It stands since the epoch of the tests."""
    reading = Reading(subject, kind, status, reason, message)
    return Standing(Condition(reading, EPOCH, EPOCH, EPOCH, EPOCH), severity)


def make_notification(
    count: int = 1, message: str = "node01 gives no answer", about: About = ABOUT
) -> Notification:
    """A message that so many members are not reached."""
    standings = [standing(f"member/node{n:04}", message=message) for n in range(count)]
    news = find_news(standings, {}, "cosmetic", EPOCH)
    assert news is not None
    return notification(about, news, message_id="msg_1", now=EPOCH + timedelta(minutes=1))

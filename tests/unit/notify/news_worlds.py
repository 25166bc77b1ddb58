"""Conditions that stand, for tests of what is told of them."""

from datetime import UTC, datetime

from reconciler.model.policy import Severity
from reconciler.model.watched import (
    Condition,
    ConditionKind,
    ConditionStatus,
    Reading,
)
from reconciler.notify.news import Standing

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


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

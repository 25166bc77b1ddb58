"""The document of what there is to tell of one cluster, from which each form of it is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.model.notification import (
    Notification,
    NotifiedCondition,
    NotifiedPlan,
    ToldBefore,
)
from reconciler.notify.news import Item, News

# A plan of many members is long, and servers refuse large bodies: 1 MB is a usual limit.
LONGEST_PLAN = 64_000
MOST_ITEMS = 200


@dataclass(frozen=True, slots=True)
class About:
    """The cluster that news are about; ``plan`` is its id and text, None where nothing is planned.

    ``link`` leads to its page, None where nobody knows where that is.
    """

    cluster: str
    file: str
    plan: tuple[str, str] | None = None
    link: str | None = None


def notification(about: About, news: News, *, message_id: str, now: datetime) -> Notification:
    """The document of ``news``; of more than 200 conditions the first, which are the gravest."""
    shown = news.items[:MOST_ITEMS]
    return Notification(
        id=message_id,
        cluster=about.cluster,
        file=about.file,
        sent=now,
        title=title(about.cluster, news.items),
        conditions=tuple(map(_condition, shown)),
        more=len(news.items) - len(shown),
        plan=_plan(about.plan),
        link=about.link,
    )


def title(cluster: str, items: tuple[Item, ...]) -> str:
    """One line: the cluster, and the first of what is told of it."""
    more = f", and {len(items) - 1} more" if len(items) > 1 else ""
    return f"{cluster}: {_told(items[0])}{more}"


def _told(item: Item) -> str:
    reading = item.standing.condition.reading
    if reading.kind == "Converged":  # what is told of it is that nobody knows
        known = {"ended": "known again", "lasts": f"still unknown ({reading.reason})"}
        told = known.get(item.happening, f"unknown ({reading.reason})")
        return f"whether {reading.subject} is {reading.kind} is {told}"
    told = {
        "began": f"{reading.kind} ({reading.reason})",
        "changed": f"{reading.kind} now for another reason ({reading.reason})",
        "lasts": f"still {reading.kind} ({reading.reason})",
        "ended": f"no longer {reading.kind}",
    }[item.happening]
    return f"{reading.subject} is {told}"


def _condition(item: Item) -> NotifiedCondition:
    reading = item.standing.condition.reading
    before = item.before
    return NotifiedCondition(
        happening=item.happening,
        subject=reading.subject,
        condition=reading.kind,
        status=reading.status,
        severity=item.standing.severity,
        reason=reading.reason,
        message=reading.message,
        since=item.standing.condition.since,
        before=ToldBefore(reason=before.reason, severity=before.severity, at=before.at)
        if before
        else None,
    )


def _plan(plan: tuple[str, str] | None) -> NotifiedPlan | None:
    if plan is None:
        return None
    name, text = plan
    return NotifiedPlan(id=name, text=text[:LONGEST_PLAN], is_cut=len(text) > LONGEST_PLAN)

"""The document of what there is to tell of one cluster, from which each form of it is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.model.addresses import cluster_address
from reconciler.model.notification import (
    Notification,
    NotifiedCondition,
    NotifiedPlan,
    ToldBefore,
)
from reconciler.model.revision import Revision
from reconciler.notify.news import Item, News

# A plan of many members is long, and servers refuse large bodies: 1 MB is a usual limit.
LONGEST_PLAN = 64_000
MOST_ITEMS = 200
# Of a message in a title: with what stands around it the head of a chat, 150 characters, has room.
LONGEST_WORDS = 80


@dataclass(frozen=True, slots=True)
class About:
    """The cluster that news are about; ``plan`` is its id and text, None where nothing is planned.

    ``link`` leads to its page, None where nobody knows where that is. ``revision`` is the commit at
    which the file says so, None without git.
    """

    cluster: str
    file: str
    plan: tuple[str, str] | None = None
    link: str | None = None
    revision: Revision | None = None


def notification(about: About, news: News, *, message_id: str, now: datetime) -> Notification:
    """The document of ``news``; of more than 200 conditions the first, which are the gravest."""
    shown = news.items[:MOST_ITEMS]
    return Notification(
        id=message_id,
        cluster=about.cluster,
        file=about.file,
        commit=about.revision.commit if about.revision else None,
        ref=about.revision.ref if about.revision else None,
        sent=now,
        title=title(about.cluster, news.items),
        conditions=tuple(map(_condition, shown)),
        more=len(news.items) - len(shown),
        plan=_plan(about.plan),
        link=about.link,
    )


def title(cluster: str, items: tuple[Item, ...]) -> str:
    """One line: the cluster, and the first of what is told of it, which is the gravest."""
    more = f", and {len(items) - 1} more" if len(items) > 1 else ""
    reading = items[0].standing.condition.reading
    is_own = reading.subject == cluster_address(cluster)
    if reading.kind == "Converged":  # what is told of it is that nobody knows
        whether = f"whether {'it' if is_own else reading.subject} is {reading.kind}"
        return f"{cluster}: {whether} is {_told_unknown(items[0])}{more}"
    if reading.kind == "Healing":  # what is told of it is that it has stopped
        healing = "healing" if is_own else f"healing of {reading.subject}"
        return f"{cluster}: {healing} {_told_stopped(items[0])}{more}"
    if is_own:
        return f"{cluster} {_told_own(items[0])}{more}"
    return f"{cluster}: {_told(items[0])}{more}"


def _told_unknown(item: Item) -> str:
    reason = item.standing.condition.reading.reason
    known = {"ended": "known again", "lasts": f"still unknown ({reason})"}
    return known.get(item.happening, f"unknown ({reason})")


def _told_stopped(item: Item) -> str:
    reason = item.standing.condition.reading.reason
    return {
        "began": f"has stopped ({reason})",
        "changed": f"has stopped, now for another reason ({reason})",
        "lasts": f"is still stopped ({reason})",
        "ended": "is no longer stopped",
    }[item.happening]


def _told_own(item: Item) -> str:
    """What is told of the cluster itself: its message names hosts, which its address does not."""
    reading = item.standing.condition.reading
    words = _first_words(reading.message) or reading.reason
    # "paused by ada" says already that it is paused.
    said = words if words.startswith(reading.kind.lower()) else f"{reading.kind}: {words}"
    return {
        "began": f"is {said}",
        "changed": f"is {reading.kind} now for another reason: {words}",
        "lasts": f"is still {said}",
        "ended": f"is no longer {reading.kind}",
    }[item.happening]


def _first_words(message: str) -> str:
    """The first of what a message lists, which is the worst, on one line and bounded."""
    words = " ".join(message.split("; ", maxsplit=1)[0].split())
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 1] + "…"


def _told(item: Item) -> str:
    reading = item.standing.condition.reading
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
        then=item.standing.then if item.happening != "ended" else "",
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

"""The bodies that chats take, of one notification. Words of hosts stay words in each of them.

Whoever can name a volume can write ``@channel`` into a message, or a link that says another
address than it leads to. So what hosts and files said goes where a chat shows plain text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from reconciler.model.notification import Notification, NotifiedCondition
from reconciler.model.policy import Form
from reconciler.model.quantities import with_count
from reconciler.model.revision import say_revision
from reconciler.reports.visible import visible

_Body: TypeAlias = tuple[str, bytes]

# Slack refuses a message of more than 50 blocks and a text of more than 3,000 characters
# (docs.slack.dev, Block Kit); one block is the head, one what follows.
_SLACK_BLOCKS, _SLACK_TEXT, _SLACK_HEAD = 48, 2900, 150
# Mattermost cuts a post at 16,383 characters (docs.mattermost.com, MaxPostSize).
_MATTERMOST_TEXT = 16_000
# Teams refuses a message of more than 28 KB (learn.microsoft.com, limits of incoming webhooks).
_TEAMS_ITEMS, _TEAMS_TEXT = 40, 400


def body(form: Form, told: Notification) -> tuple[str, bytes]:
    """Content type and bytes of ``told`` in a form."""
    return _FORMS[form](told)


def text(told: Notification) -> str:
    """Plain text for mail: one line a condition, then the plan."""
    at = say_revision(told.commit, told.ref)
    of = f"{told.file} at {at}" if at else told.file
    lines = [told.title, "", f"Cluster {told.cluster} of {of}"]
    lines += [told.link] if told.link else []
    for condition in told.conditions:
        said = filter(None, (condition.message, condition.then, _since(condition)))
        lines += ["", _line(condition), *(f"  {words}" for words in said)]
    lines += [f"\n{with_count(told.more, 'more condition')} changed."] * bool(told.more)
    if told.plan is not None:
        rest = "\n(the rest is cut)" if told.plan.is_cut else ""
        lines += ["", f"Plan {told.plan.id}", "", told.plan.text + rest]
    return visible("\n".join(lines) + "\n")


def _line(condition: NotifiedCondition) -> str:
    ended = {"ended": "ended: ", "lasts": "lasts: "}.get(condition.happening, "")
    # What is told of healing is that it has stopped.
    stands = " stopped" if condition.condition == "Healing" else ""
    stands = " is Unknown" if condition.status == "Unknown" else stands
    told = f"{condition.condition}{stands}, {condition.reason} ({condition.severity})"
    return f"{ended}{condition.subject}: {told}"


def _since(condition: NotifiedCondition) -> str:
    return f"since {condition.since:%Y-%m-%d %H:%M:%S UTC}"


def _json(told: Notification) -> _Body:
    return "application/json", told.model_dump_json().encode()


def _slack(told: Notification) -> _Body:
    shown = told.conditions[:_SLACK_BLOCKS]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(told.title, _SLACK_HEAD)},
        *(
            {"type": "section", "text": _plain(_paragraph(condition), _SLACK_TEXT)}
            for condition in shown
        ),
    ]
    if after := _after(told, len(shown)):
        blocks.append({"type": "context", "elements": [_plain(after, _SLACK_TEXT)]})
    # The text is what a notification of the desktop shows; & < > are Slack's only commands in it.
    return _as_json({"text": _escaped(visible(told.title)), "blocks": blocks})


def _plain(words: str, longest: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _short(words, longest), "emoji": False}


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mattermost(told: Notification) -> _Body:
    paragraphs = [_code(told.title), *map(_code, map(_paragraph, told.conditions))]
    kept: list[str] = []
    for paragraph in paragraphs:
        if sum(map(len, kept)) + len(paragraph) > _MATTERMOST_TEXT:
            break
        kept.append(paragraph)
    after = _after(told, len(kept) - 1)
    return _as_json({"text": "\n".join(kept + [_code(after)] * bool(after))})


def _code(words: str) -> str:
    """A block of code, in which nothing is a mention or a link."""
    return "```text\n" + _short(words, _SLACK_TEXT).replace("```", "'''") + "\n```"


def _teams(told: Notification) -> _Body:
    shown = told.conditions[:_TEAMS_ITEMS]
    after = _after(told, len(shown))
    items = [
        _runs(told.title, weight="Bolder", size="Medium"),
        *(_runs(_paragraph(condition)) for condition in shown),
        *([_runs(after, isSubtle=True)] if after else []),
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": items,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return _as_json(
        {
            "type": "message",
            "attachments": [{"contentType": kind, "contentUrl": None, "content": card}],
        }
    )


def _runs(words: str, **look: Any) -> dict[str, Any]:
    """A text run: the one element of a card in which Markdown is not obeyed."""
    run = {"type": "TextRun", "text": _short(words, _TEAMS_TEXT), **look}
    return {"type": "RichTextBlock", "inlines": [run]}


def _paragraph(condition: NotifiedCondition) -> str:
    told = (_line(condition), condition.message, condition.then, _since(condition))
    return "\n".join(filter(None, told))


def _after(told: Notification, shown: int) -> str:
    """What has no room in a chat, and where it is to be seen."""
    more = told.more + len(told.conditions) - shown
    lines = [f"{with_count(more, 'more condition')} changed."] if more else []
    if told.plan is not None:
        at = say_revision(told.commit, told.ref)
        lines.append(f"Plan {told.plan.id}: reconcile plan {told.file}{at and f', at {at}'}")
    lines += [told.link] if told.link else []
    return "\n".join(lines)


def _short(words: str, longest: int) -> str:
    seen = visible(words)
    return seen if len(seen) <= longest else seen[: longest - 1] + "…"


def _as_json(value: Mapping[str, Any]) -> _Body:
    return "application/json", json.dumps(value, ensure_ascii=False).encode()


_FORMS: Mapping[Form, Callable[[Notification], _Body]] = {
    "json": _json,
    "slack": _slack,
    "mattermost": _mattermost,
    "teams": _teams,
}

"""``reconcile manual``: the pages of the manual."""

from __future__ import annotations

import json

import click

from reconciler.cli.options import NO_NOTES, formats
from reconciler.cli.terminal import show_page
from reconciler.errors import UsageError
from reconciler.reports.explain import codes
from reconciler.reports.manual import TOPICS, manual_page, titles, topics_with


@click.command("manual")
@click.argument("topic", required=False, metavar="[TOPIC]")
@formats(("text", "json"))
@NO_NOTES
def command(topic: str | None, form: str) -> int:
    """Print the manual's page on TOPIC; without one, all topics.

    A word that is no topic is looked for in all pages. What a refusal code means is told by
    reconcile explain CODE.
    """
    if topic is None:
        _list(form)
        return 0
    if topic not in TOPICS:
        raise UsageError(f"the manual has no topic {topic!r}; {_hint(topic)}")
    page = manual_page(topic).rstrip()
    if form == "json":
        page = json.dumps({"format_version": "1", "topic": topic, "page": page}, indent=1)
        click.echo(page)
    else:
        show_page(page)
    return 0


def _list(form: str) -> None:
    if form == "json":
        click.echo(json.dumps({"format_version": "1", "topics": titles()}, indent=1))
        return
    for topic, title in titles().items():
        click.echo(f"{topic:12} {title}")


def _hint(word: str) -> str:
    """Where a word that is no topic is to be found."""
    from difflib import get_close_matches  # noqa: PLC0415  # only when something is wrong

    if word in codes():
        return f"it is a refusal code: reconcile explain {word}"
    if near := get_close_matches(word, TOPICS, 1):
        return f"did you mean {near[0]}?"
    if found := topics_with(word):
        return f"the word is on: {', '.join(found)}"
    return f"there are {', '.join(TOPICS)}"

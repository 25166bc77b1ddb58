"""``reconcile explain``: a page a code; what a word means; why something of a plan is planned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import NO_COLOR, NO_NOTES, PARALLELISM, discover_file, formats
from reconciler.errors import UsageError
from reconciler.reports.explain import codes, page

if TYPE_CHECKING:
    from reconciler.reports.glossary import Entry

BLOCKED = 3
SLIP = 0.9  # no address is so like a code; tested
LIKE_KEY = 0.85
WRITTEN_ALIKE = 1.0  # but for capitals and underscores
# What plans print and their page of the manual tells: neither codes nor addresses.
PLAN_WORDS = frozenset(
    {"approval", "barrier", "because", "blocked", "changes", "actions", "data", "digest"}
    | {"notes", "outage", "outages", "refused", "risk", "safe", "truth", "truths", "warnings"}
)
# Codes of rules that every plan is checked for: a bug of ours, so they come last.
RULES = "invariant-"


@click.command("explain")
@click.argument("what", required=False, metavar="[ADDRESS|CODE|KIND|KEY]")
@click.argument("file", required=False, metavar="[FILE]")
@formats(("text", "json"))
@PARALLELISM
@NO_COLOR
@NO_NOTES
def command(
    what: str | None, file: str | None, form: str, parallelism: int, no_color: bool
) -> int:
    """What a word means, or why something at ADDRESS is planned.

    CODE is one of a refusal, of a problem in a file, or of how a run ended. KIND is a kind of
    action, KEY a key of the file, as volumes.size. Of these no host is asked.

    ADDRESS is what a plan shows (cluster.conf, volume/images/mount), a member/NAME, volume/LABEL
    or cluster/NAME, or an action's id. The hosts of FILE are read for it, and for a KIND with
    FILE; nothing is written. Without FILE, and without one that is found, it is explained in
    general. Without an argument: all codes, kinds and keys.
    """
    if what is None:
        _list(form)
        return 0
    if what in codes():
        _page(what, form)
        return 0
    from reconciler.reports.glossary import find_entries, is_general  # noqa: PLC0415  # codes need none of it

    entries = find_entries(what)
    if not entries and not file and what.casefold() in PLAN_WORDS:
        raise UsageError(
            f"{what!r} is a word of every plan, and no code: reconcile manual plan"
        )
    if entries and ((not file and is_general(what)) or entries[0].sort == "key"):
        _entries(what, entries, form, no_color=no_color)
        return 0
    try:
        path = _file(what, file)
    except UsageError:
        if file or not entries:
            raise
        _entries(what, entries, form, no_color=no_color)
        return 0
    return _address(what, path, parallelism, (form, no_color))


def _entries(what: str, entries: Sequence[Entry], form: str, *, no_color: bool) -> None:
    if form == "json":
        told = [entry.document() for entry in entries]
        click.echo(json.dumps({"format_version": "1", "word": what, "entries": told}, indent=1))
        return
    from reconciler.cli.terminal import show  # noqa: PLC0415  # as above

    for number, entry in enumerate(entries):
        show([("", "")] * bool(number) + list(entry.lines()), no_color)


def _list(form: str) -> None:
    from reconciler.reports.glossary import words_by_sort, words_known  # noqa: PLC0415  # as above

    titles = {name: page(name).splitlines()[0].partition(": ")[2] for name in codes()}
    words = words_known()
    if form == "json":
        document = {"format_version": "1", "codes": titles, "words": words}
        click.echo(json.dumps(document, indent=1))
        return
    rules = {name: title for name, title in titles.items() if name.startswith(RULES)}
    others = {name: title for name, title in titles.items() if name not in rules}
    for heading, found in (("Codes", others), ("Rules that every plan is checked for", rules)):
        click.echo(f"{heading}:")
        width = max(map(len, found))
        for name, title in found.items():
            click.echo(f"  {name:{width}} {title}")
        click.echo("")
    for number, (heading, names) in enumerate(words_by_sort().items()):
        click.echo(("\n" if number else "") + f"{heading}:")
        for name in names:
            click.echo(f"  {name}")


def _page(code: str, form: str) -> None:
    text = page(code).rstrip()
    if form == "json":
        text = json.dumps({"format_version": "1", "code": code, "page": text}, indent=1)
        click.echo(text)
        return
    from reconciler.cli.terminal import show_page  # noqa: PLC0415  # as above

    show_page(text)


def _file(what: str, file: str | None) -> str:
    """The file whose plan is asked about; a code with a slip in it is told before hosts are read.

    Without a file to look in, anything like a code is taken for one.
    """
    likeness = WRITTEN_ALIKE if file else SLIP
    if meant := near_code(what, likeness) or ("" if file else _near_key(what)):
        raise UsageError(f"no page for {what!r}; did you mean {meant}?")
    try:
        return discover_file(file)
    except UsageError as error:
        if meant := near_code(what) or near_word(what):
            raise UsageError(f"no page for {what!r}; did you mean {meant}?") from error
        raise UsageError(f"{what!r} is no code; to explain an address: {error}") from error


def near_word(what: str, likeness: float = 0.6) -> str:
    """The kind, pattern or key that was meant, if one is that like it; else empty."""
    from difflib import get_close_matches  # noqa: PLC0415  # only when something is wrong

    from reconciler.reports.glossary import words_known  # noqa: PLC0415  # as above

    return next(iter(get_close_matches(what, words_known(), 1, likeness)), "")


def _near_key(what: str) -> str:
    """The key that was meant by a word that has dots, as only keys and few addresses have."""
    return near_word(what, LIKE_KEY) if "." in what and "/" not in what else ""


def near_code(what: str, likeness: float = 0.6) -> str:
    """The code that was meant, if one is that like it (difflib's ratio); else empty."""
    from difflib import get_close_matches  # noqa: PLC0415  # only when something is wrong

    if "/" in what:
        return ""
    written = what.casefold().replace("_", "-")
    return next(iter(get_close_matches(written, codes(), 1, likeness)), "")


def _address(what: str, path: str, parallelism: int, shape: tuple[str, bool]) -> int:
    from reconciler.cli.planned import plan_file  # noqa: PLC0415  # slow to import; codes need none
    from reconciler.cli.terminal import show  # noqa: PLC0415  # as above
    from reconciler.observation import Options  # noqa: PLC0415  # as above
    from reconciler.reports import explanation  # noqa: PLC0415  # as above

    form, no_color = shape
    plan, pairs = plan_file(path, Options((), parallelism), no_color=no_color)
    about = explanation.matter(plan, what)
    known = explanation.known_addresses(pairs, plan)
    if about.is_empty and what not in known:
        meant = ", ".join(explanation.near(what, known))
        hint = f"did you mean {meant}?" if meant else "reconcile plan shows them"
        raise UsageError(f"nothing in {path} or its plan has the address {what!r}; {hint}")
    if form == "json":
        document = explanation.explanation_document(about, plan)
        click.echo(json.dumps(document, indent=1, default=str))
        return BLOCKED if plan.blocked else 0
    if about.is_empty and plan.blocked:
        words = ", ".join(dict.fromkeys(item.code for item in plan.blocked))
        show(
            [("warn", f"{what}: nothing is planned for it; but the plan is blocked ({words})")],
            no_color,
        )
    else:
        show(explanation.explanation_lines(about, plan), no_color)
    return BLOCKED if plan.blocked else 0

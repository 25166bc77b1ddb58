"""``reconcile explain``: a page a refusal code; why something of a plan is planned."""

from __future__ import annotations

import json

import click

from reconciler.cli.options import NO_COLOR, PARALLELISM, discover_file, formats
from reconciler.errors import UsageError
from reconciler.reports.explain import codes, page

BLOCKED = 3
SLIP = 0.9  # no address is so like a code; tested


@click.command("explain")
@click.argument("what", required=False, metavar="[ADDRESS|CODE]")
@click.argument("file", required=False, metavar="[FILE]")
@formats(("text", "json"))
@PARALLELISM
@NO_COLOR
def command(
    what: str | None, file: str | None, form: str, parallelism: int, no_color: bool
) -> int:
    """What the refusal CODE means and what to do; or why something at ADDRESS is planned.

    ADDRESS is what a plan shows (cluster.conf, volume/images/mount), a member/NAME, volume/LABEL
    or cluster/NAME, an action's id or its kind. The hosts of FILE are read for it; nothing is
    written. Without an argument: all codes.
    """
    if what is None:
        _list(form)
        return 0
    if what in codes():
        _page(what, form)
        return 0
    return _address(what, _file(what, file), parallelism, (form, no_color))


def _list(form: str) -> None:
    titles = {name: page(name).splitlines()[0].partition(": ")[2] for name in codes()}
    if form == "json":
        click.echo(json.dumps({"format_version": "1", "codes": titles}, indent=1))
    else:
        for name, title in titles.items():
            click.echo(f"{name:28} {title}")


def _page(code: str, form: str) -> None:
    text = page(code).rstrip()
    if form == "json":
        text = json.dumps({"format_version": "1", "code": code, "page": text}, indent=1)
    click.echo(text)


def _file(what: str, file: str | None) -> str:
    """The file whose plan is asked about; a code with a slip in it is told before hosts are read.

    Without a file to look in, anything like a code is taken for one.
    """
    if not file and (meant := near_code(what, SLIP)):
        raise UsageError(f"no page for {what!r}; did you mean {meant}?")
    try:
        return discover_file(file)
    except UsageError as error:
        if meant := near_code(what):
            raise UsageError(f"no page for {what!r}; did you mean {meant}?") from error
        raise UsageError(f"{what!r} is no code; to explain an address: {error}") from error


def near_code(what: str, likeness: float = 0.6) -> str:
    """The code that was meant, if one is that like it (difflib's ratio); else empty."""
    from difflib import get_close_matches  # noqa: PLC0415  # only when something is wrong

    return (
        next(iter(get_close_matches(what, codes(), 1, likeness)), "") if "/" not in what else ""
    )


def _address(what: str, path: str, parallelism: int, shape: tuple[str, bool]) -> int:
    from reconciler.cli.planned import plan_file  # noqa: PLC0415  # slow to import; codes need none
    from reconciler.cli.terminal import show  # noqa: PLC0415  # as above
    from reconciler.pipeline import Options  # noqa: PLC0415  # as above
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

"""``reconcile status``: what the clusters of a file are doing now, once or again and again."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Protocol

import click

from reconciler.cli.files import FileResult, find_files, refuse_several, run_files
from reconciler.cli.host_looks import HostLooks
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    FILES,
    NO_COLOR,
    NO_NOTES,
    PARALLELISM,
    Span,
    formats,
)
from reconciler.cli.server_status import DaemonLooks, daemon_address
from reconciler.cli.side_by_side import Look, count_hosts, run_looks
from reconciler.cli.terminal import plain, show
from reconciler.errors import ServerFailed
from reconciler.loading import read
from reconciler.loading.claims import Claims
from reconciler.model.documents import Json
from reconciler.reports.status_text import status_lines

SOME_UNREAD = 4
ALL_UNREAD = 1


@click.command("status")
@FILES
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option(
    "--interval",
    type=Span(),
    default="5s",
    show_default=True,
    help="Between two looks; a heartbeat that stands still so long is SILENT. One is written "
    "each 2 s: below 5s some may seem so.",
)
@click.option(
    "--server",
    metavar="URL",
    help="Ask a running watch what it knows, and no host; of FILE only its clusters.",
)
@click.option(
    "--token", metavar="env:NAME|file:PATH", help="With --server: what it wants to be shown."
)
@formats(("text", "json"))
@PARALLELISM
@NO_COLOR
@NO_NOTES
@LOGGING
def command(
    files: tuple[str, ...],
    watch: bool,
    interval: float,
    server: str | None,
    token: str | None,
    form: str,
    parallelism: int,
    no_color: bool,
) -> int:
    """Members, volumes, who has what mounted, leases, unfinished work; changes nothing.

    A cluster that was read is exit 0 whether it is healthy or not; hosts that were not read
    are 4, all of them 1. FILE may be a directory, whose *.yaml and *.yml are read in turn.
    """
    if server is not None or token is not None:
        address = daemon_address(server, token)
        daemon = DaemonLooks(address, _names(files) if files else None, interval)
        return asyncio.run(_ask_daemon(daemon, form, watch=watch, no_color=no_color))
    given = find_files(files)
    if watch:
        refuse_several(
            given, "--watch", "name one FILE, and watch each in a terminal of its own"
        )

    claims, free = Claims(), asyncio.Semaphore(parallelism)

    def looks_at(path: str) -> HostLooks:
        desired = read(path)
        claims.take(path, desired)
        return HostLooks(desired, interval, free, no_color)

    def work(path: str) -> FileResult:
        code = asyncio.run(_again(looks_at(path), form, no_color))
        return FileResult(code, lambda: None, dict)

    def prepare(path: str) -> Look:
        looks = looks_at(path)
        return Look(count_hosts(looks.desired), looks.one, tell)

    def tell(document: Json) -> FileResult:
        return FileResult(
            exit_code(document),
            lambda: _show(document, form, no_color=no_color),
            lambda: document,
        )

    if watch:
        return run_files(given, form, work, no_color=no_color)
    return run_looks(given, form, prepare, parallelism, no_color=no_color)


def _names(files: Sequence[str]) -> frozenset[str]:
    """The clusters of the files. Raises SpecInvalid for one that is wrong."""
    found = (read(path) for path in find_files(files).names)
    return frozenset(cluster.name for desired in found for cluster in desired.clusters)


async def _ask_daemon(looks: DaemonLooks, form: str, *, watch: bool, no_color: bool) -> int:
    """As of hosts. Raises ServerFailed where the daemon does not answer, or not with a status."""
    try:
        if watch:
            return await _again(looks, form, no_color)
        found = await looks.one()
        for name in found.unseen:
            click.echo(plain(f"note: {name}: the daemon has no status of it yet"), err=True)
        _show(found.document, form, no_color=no_color)
        if form == "text" and found.document["clusters"]:
            show([("dim", f"as of {found.document['observed_at']}")], no_color)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        words = f"its status is not one that this version can show ({error!r})"
        raise ServerFailed(looks.address.url, words) from error
    code = exit_code(found.document)
    if found.unseen and code == 0:
        return SOME_UNREAD if found.document["clusters"] else ALL_UNREAD
    return code


def _show(document: Json, form: str, *, no_color: bool) -> None:
    if form == "json":
        click.echo(json.dumps(document, indent=1))
    else:
        show(status_lines(document, _width()), no_color)


class _Again(Protocol):
    def each(self) -> AsyncGenerator[Json, None]:
        """A document a look."""
        ...


async def _again(looks: _Again, form: str, no_color: bool) -> int:
    """Until interrupted: JSON a line a look, on a terminal in place, else one after another."""
    async with aclosing(looks.each()) as each:
        if form == "json":
            async for document in each:
                click.echo(json.dumps(document))
        elif sys.stdout.isatty():
            await _live(each, no_color)
        else:
            async for document in each:
                click.echo(document["observed_at"])
                show(status_lines(document, _width()), no_color)
                click.echo()
    return 0


async def _live(each: AsyncIterator[Json], no_color: bool) -> None:
    from rich.console import Console  # noqa: PLC0415  # slow to import, only on a terminal
    from rich.live import Live  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415  # as above

    console = Console(no_color=no_color or None)
    with Live(console=console, auto_refresh=False, screen=True) as live:
        async for document in each:
            lines = [*status_lines(document, console.width), ("dim", _foot(document))]
            texts = [Text(plain(text), RICH.get(style, "")) for style, text in lines]
            live.update(Text("\n").join(texts), refresh=True)


# The styles of lines in rich's words.
RICH = {"title": "bold", "good": "green", "bad": "red", "warn": "bold yellow", "dim": "dim"}


def _foot(document: Json) -> str:
    return f"as of {document['observed_at']}; Ctrl-C ends"


def _width() -> int:
    return shutil.get_terminal_size().columns


def exit_code(document: Json) -> int:
    """By whether all hosts, some or none of them were read."""
    hosts = sum(cluster["hosts"] for cluster in document["clusters"])
    read_ones = sum(cluster["read"] for cluster in document["clusters"])
    if hosts == read_ones:
        return 0
    return SOME_UNREAD if read_ones else ALL_UNREAD

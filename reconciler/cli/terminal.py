"""What a person sees: styled lines on stdout, progress on stderr."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import click

from reconciler.reports.wrapping import wrap_line

STYLES: dict[str, dict[str, object]] = {
    "title": {"bold": True},
    "add": {"fg": "green"},
    "change": {"fg": "yellow"},
    "good": {"fg": "green"},
    "warn": {"fg": "yellow", "bold": True},
    "bad": {"fg": "red"},
    "dim": {"dim": True},
    "diff-add": {"fg": "green"},
    "diff-bad": {"fg": "red"},
    "diff": {"dim": True},
    "command": {"dim": True},
}
# By which the context of a command knows of ``-q``.
QUIET = "reconciler.quiet"
# What is there to be copied, or compared with a file: the terminal breaks it, we do not.
WHOLE = frozenset({"command", "remedy", "diff", "diff-add", "diff-bad"})


def is_coloured(no_color: bool) -> bool:  # noqa: FBT001  # the value of the flag of that name
    """Whether to use colours: on a terminal that has some, unless the flag or NO_COLOR says no."""
    able = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return able and not no_color and not os.environ.get("NO_COLOR")


def show(lines: Iterable[tuple[str, str]], no_color: bool, *, err: bool = False) -> None:  # noqa: FBT001  # as above
    """Print styled lines; on a terminal they are wrapped to its width, column by column."""
    for text in _dressed(lines, no_color, err=err):
        click.echo(text, err=err)


def show_reference(lines: Iterable[tuple[str, str]], no_color: bool) -> None:  # noqa: FBT001  # as above
    """As ``show``; to a terminal through a pager if long: what is looked up, not how a thing ended."""
    _echo_paged(list(_dressed(lines, no_color, err=False)))


def _dressed(lines: Iterable[tuple[str, str]], no_color: bool, *, err: bool) -> Iterator[str]:  # noqa: FBT001  # as above
    colour = is_coloured(no_color)
    width = terminal_width(err=err) or None
    for style, line in lines:
        options = STYLES.get(style) if colour else None
        whole = width is None or style in WHOLE
        for text in [plain(line)] if whole else wrap_line(plain(line), width or 0):
            yield click.style(text, **options) if options else text  # type: ignore[arg-type]  # the table's values are click's own


def terminal_width(*, err: bool = False) -> int:
    """The columns of the terminal behind stdout, or stderr; 0 where that is none."""
    stream = sys.stderr if err else sys.stdout
    return shutil.get_terminal_size().columns if stream.isatty() else 0


def show_error(text: str) -> None:
    """``error: TEXT`` on stderr, wrapped between words on a terminal."""
    show([("", f"error: {text}")], no_color=True, err=True)


def show_page(text: str) -> None:
    """A page of Markdown; to a terminal laid out for its width, and through a pager if long.

    Anywhere else it is printed as it is.
    """
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from reconciler.reports.pages import page_lines  # noqa: PLC0415  # only on a terminal

    _echo_paged(list(page_lines(text, shutil.get_terminal_size().columns)))


def _echo_paged(lines: list[str]) -> None:
    """Lines; through a pager where they are more than a terminal has."""
    if not sys.stdout.isatty() or len(lines) < shutil.get_terminal_size().lines:
        click.echo("\n".join(lines))
    else:
        click.echo_via_pager("\n".join(lines) + "\n")


def is_quiet() -> bool:
    """Whether the running command was given ``-q``."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(QUIET))


def note(text: str) -> None:
    """A line on stderr that nobody needs to act upon: with ``-q`` it is left out."""
    if not is_quiet():
        show([("", text)], no_color=True, err=True)


def say(text: str) -> None:
    """Above the bars, if there are any: click would write past them, to the terminal itself."""
    print(text, file=sys.stderr, flush=True)


def say_columns(text: str) -> None:
    """As ``say``; on a terminal what does not fit goes on below, where its column began."""
    for piece in wrap_line(plain(text), terminal_width(err=True) or len(text)):
        say(piece)


def plain(text: str) -> str:
    """``text`` without what could move a terminal's cursor or hide: hosts choose words too."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


@contextmanager
def observing(total: int, *, no_color: bool = False) -> Iterator[Callable[[str, str], None]]:
    """A progress bar on stderr while hosts are read; none with ``-q`` or without a terminal."""
    if not sys.stderr.isatty() or is_quiet():
        yield lambda _host, _state: None
        return
    from rich.console import Console  # noqa: PLC0415  # slow to import, only on a terminal
    from rich.progress import (  # noqa: PLC0415  # as above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("observing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("answers"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[waiting]}", markup=False),
    )
    console = Console(stderr=True, no_color=no_color or None)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=total, waiting="")
        asked: list[str] = []
        looks = [0, total]  # begun, and expected: some hosts are looked at more than once

        def watch(host: str, state: str) -> None:
            if state == "started":
                asked.append(host)
                looks[:] = looks[0] + 1, max(looks[0] + 1, looks[1])
                progress.update(task, total=looks[1])
            else:
                asked.remove(host)
                progress.advance(task)
            left = f"waiting for {', '.join(sorted(asked)[:4])}" if asked else ""
            progress.update(task, waiting=left)

        yield watch

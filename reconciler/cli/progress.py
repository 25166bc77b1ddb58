"""A run as it goes: what is being done where, for how long, and what comes next."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import click

from reconciler.cli import terminal
from reconciler.cli.keyboard import unseen_control_keys
from reconciler.model.plan import Action
from reconciler.reports.wrapping import wrap_line

TICK = 0.25  # seconds between two looks at the clocks
WIDE = 100  # columns from which on a bar does not take the words their room
Listener = Callable[[Mapping[str, object]], None]


def json_lines(line: Mapping[str, object]) -> None:
    """One event as one line on stdout."""
    click.echo(json.dumps(line, default=str))


def plain(line: Mapping[str, object]) -> None:
    """One event as one readable line on stderr, where there is no terminal."""
    event = str(line["event"])
    if event in _WORDS:
        seconds = line.get("seconds")
        took = f" in {seconds:.1f} s" if isinstance(seconds, float) else ""
        why = f": {line['message']}" if line.get("message") else ""
        host = line.get("host") or "all"
        text = f"{line['time']} {_WORDS[event]} {host}: {line['summary']}{took}{why}"
        click.echo(terminal.plain(text), err=True)


_WORDS = {
    "action-started": "start ",
    "action-finished": "done  ",
    "barrier": "proved",
    "action-failed": "FAILED",
}


@contextmanager
def live(actions: Sequence[Action], *, no_color: bool) -> Iterator[Listener]:
    """Bars on stderr: the whole, each running action, and what comes next."""
    if not sys.stderr.isatty() or not actions:
        yield plain
        return
    from rich.console import Console  # noqa: PLC0415  # slow to import, only on a terminal
    from rich.progress import (  # noqa: PLC0415  # as above
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.table import Column  # noqa: PLC0415  # as above

    console = Console(stderr=True, no_color=no_color or None)
    words = Column(ratio=1, overflow="fold")
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=words),
        BarColumn(bar_width=24 if console.width >= WIDE else 8),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    # Refreshed by this loop alone: rich's own thread would write between two of our lines.
    with Progress(*columns, console=console, auto_refresh=False) as progress:
        bars = _Bars(progress, actions)
        with bars.ticking(), unseen_control_keys():
            yield bars.hear


class _Bars:
    """The rows of the display, kept up to date by events."""

    def __init__(self, progress: object, actions: Sequence[Action]) -> None:
        from rich.progress import Progress  # noqa: PLC0415  # as above

        assert isinstance(progress, Progress)  # noqa: S101  # narrows a lazily imported type
        self.progress = progress
        self.waiting = {action.id: action for action in actions}
        self.total = len(actions)
        self.done = 0
        self.rows: dict[str, object] = {}
        self.whole = progress.add_task("", total=self.total, count="")
        self._refresh()

    @contextmanager
    def ticking(self) -> Iterator[None]:
        """The clocks of the rows go on while nothing else happens."""
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(TICK, self._tick)
        try:
            yield
        finally:
            self.timer.cancel()

    def _tick(self) -> None:
        self.progress.refresh()
        self.timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def hear(self, line: Mapping[str, object]) -> None:
        """Take one event in."""
        event, action = str(line["event"]), str(line.get("action", ""))
        if event == "action-started":
            self.waiting.pop(action, None)
            text = terminal.plain(f"  {line.get('host') or 'all'}: {line['summary']}")
            self.rows[action] = self.progress.add_task(text, total=None, count="")
        elif event in _WORDS:
            self.done += event != "action-failed"
            self.progress.remove_task(self.rows.pop(action))  # type: ignore[arg-type]  # rich's own id
            self._tell(line, event)
        self._refresh()
        self.progress.refresh()

    def _tell(self, line: Mapping[str, object], event: str) -> None:
        seconds = line.get("seconds")
        took = f"{seconds:6.1f} s" if isinstance(seconds, float) else " " * 8
        text = f"{_WORDS[event]} {took}  {line.get('host') or 'all'}: {line['summary']}"
        style = "red" if event == "action-failed" else "green"
        console = self.progress.console
        whole = "\n".join(wrap_line(terminal.plain(text), console.width))
        console.print(whole, style=style, highlight=False, markup=False, soft_wrap=True)

    def _refresh(self) -> None:
        following = next(iter(self.waiting.values()), None)
        text = (
            f"next: {following.host or 'all'}: {following.summary}" if following else "ending"
        )
        self.progress.update(
            self.whole,
            description=text,
            completed=self.done,
            count=f"{self.done}/{self.total} actions",
        )

"""``reconcile status``: what the clusters of a file are doing now, once or again and again."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime

import click

from reconciler.cli.files import FileResult, find_files, refuse_several, run_files
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    FILES,
    NO_COLOR,
    NO_NOTES,
    PARALLELISM,
    Span,
    formats,
)
from reconciler.cli.side_by_side import Look, count_hosts, run_looks
from reconciler.cli.terminal import observing, plain, show
from reconciler.hosts.doors import look_at_hosts
from reconciler.hosts.observer import observe
from reconciler.loading import read
from reconciler.loading.claims import Claims
from reconciler.model.desired import Cluster, Desired
from reconciler.model.documents import Json
from reconciler.model.observed import Observed
from reconciler.observation import HostFactory, Watch, probe_for
from reconciler.observation.live_hosts import member_hosts
from reconciler.planning.resolve.removed import removed_members, with_removed_members
from reconciler.reports.status import status_document
from reconciler.reports.status_text import status_lines
from reconciler.resources import SECTIONS
from reconciler.resources.volumes.heartbeat_samples import with_advanced_beats

Pairs = tuple[tuple[Cluster, Observed], ...]
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
@formats(("text", "json"))
@PARALLELISM
@NO_COLOR
@NO_NOTES
@LOGGING
def command(
    files: tuple[str, ...],
    watch: bool,
    interval: float,
    form: str,
    parallelism: int,
    no_color: bool,
) -> int:
    """Members, volumes, who has what mounted, leases, unfinished work; changes nothing.

    A cluster that was read is exit 0 whether it is healthy or not; hosts that were not read
    are 4, all of them 1. FILE may be a directory, whose *.yaml and *.yml are read in turn.
    """
    given = find_files(files)
    if watch:
        refuse_several(
            given, "--watch", "name one FILE, and watch each in a terminal of its own"
        )

    claims, free = Claims(), asyncio.Semaphore(parallelism)

    def looks_at(path: str) -> _Looks:
        desired = read(path)
        claims.take(path, desired)
        return _Looks(desired, interval, free, no_color)

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


def _show(document: Json, form: str, *, no_color: bool) -> None:
    if form == "json":
        click.echo(json.dumps(document, indent=1))
    else:
        show(status_lines(document, _width()), no_color)


async def _again(looks: _Looks, form: str, no_color: bool) -> int:
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


class _Looks:
    """One look after another, over connections that stay open."""

    def __init__(
        self,
        desired: Desired,
        interval: float,
        free: asyncio.Semaphore,
        no_color: bool,
    ) -> None:
        self.desired, self.interval = desired, interval
        self.free, self.no_color = free, no_color

    async def one(self, watch: Watch) -> Json:
        """The document of the first look alone."""
        async with look_at_hosts(self.desired) as fleet:
            return _document(await self._first(fleet, watch))

    async def each(self) -> AsyncGenerator[Json, None]:
        """A document a look; the first has two samples of the heartbeats, too."""
        async with look_at_hosts(self.desired) as fleet:
            total = count_hosts(self.desired)
            with observing(total, no_color=self.no_color) as watch:
                pairs = await self._first(fleet, watch)
            while True:
                yield _document(pairs)
                await asyncio.sleep(self.interval)
                pairs = await self._next(fleet, pairs)

    async def _first(self, fleet: HostFactory, watch: Watch) -> Pairs:
        first = await asyncio.gather(
            *(self._whole(fleet, c, watch) for c in self.desired.clusters)
        )
        if not any(_has_beats(observed) for _cluster, observed in first):
            return tuple(first)
        await asyncio.sleep(self.interval)
        again = [self._beats(fleet, *pair) for pair in first]
        return tuple(await asyncio.gather(*again))

    async def _next(self, fleet: HostFactory, before: Pairs) -> Pairs:
        looks = [self._whole(fleet, cluster) for cluster in self.desired.clusters]
        now = await asyncio.gather(*looks)
        earlier = [observed for _cluster, observed in before]
        return tuple(
            (cluster, with_advanced_beats(seen, then))
            for (cluster, seen), then in zip(now, earlier, strict=True)
        )

    async def _whole(
        self, fleet: HostFactory, cluster: Cluster, watch: Watch | None = None
    ) -> tuple[Cluster, Observed]:
        """All members, former ones that the hosts know of as well."""
        paths = [volume.mount.path for volume in cluster.volumes]
        probe = probe_for(cluster, (), sizes=paths)
        limit = self.free
        seen = await observe(
            member_hosts(fleet, cluster), probe, SECTIONS, limit=limit, progress=watch
        )
        if gone := removed_members(cluster, seen):
            cluster = with_removed_members(cluster, gone)
            more = {member.name: fleet(cluster.name, member) for member in gone}
            also = await observe(more, probe, SECTIONS, limit=limit)
            seen = Observed({**seen.hosts, **also.hosts})
        return cluster, seen

    async def _beats(
        self, fleet: HostFactory, cluster: Cluster, seen: Observed
    ) -> tuple[Cluster, Observed]:
        probe = probe_for(cluster, (), ("wanted",))
        later = await observe(member_hosts(fleet, cluster), probe, SECTIONS, limit=self.free)
        return cluster, with_advanced_beats(seen, later)


def _document(pairs: Pairs) -> Json:
    return status_document(pairs, datetime.now(UTC).isoformat(timespec="seconds"))


def _has_beats(observed: Observed) -> bool:
    """Whether anybody's heartbeat is on a disk, so that two samples tell more than one."""
    return any(
        int(beat.generation, 16) != 0
        for facts in observed.answering_hosts().values()
        for view in (facts.wanted if isinstance(facts.wanted, tuple) else ())
        for beat in view.beats or ()
    )


def _width() -> int:
    return shutil.get_terminal_size().columns


def exit_code(document: Json) -> int:
    """By whether all hosts, some or none of them were read."""
    hosts = sum(cluster["hosts"] for cluster in document["clusters"])
    read_ones = sum(cluster["read"] for cluster in document["clusters"])
    if hosts == read_ones:
        return 0
    return SOME_UNREAD if read_ones else ALL_UNREAD

"""``reconcile watch``: the clusters of files looked at again and again, by a process that stays."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from reconciler.cli.interruption import ending_signals
from reconciler.cli.logs import LOG_OPTIONS, open_log
from reconciler.cli.long_running import (
    CONNECTIONS,
    LOG_FORMAT,
    allow_files,
    lasting_detail,
    leave_threads,
)
from reconciler.cli.options import PARALLELISM, Span, discover_file
from reconciler.cli.serving import Pages, new_pages
from reconciler.cli.state_place import state_directory
from reconciler.cli.streams import ignore_lost_terminals
from reconciler.cli.web_options import WebOptions, web_options
from reconciler.errors import SpecInvalid, UsageError
from reconciler.execution.author import new_run, now
from reconciler.interrupts import INTERRUPTED
from reconciler.notify.delivery import Carrier, new_client
from reconciler.notify.teller import Teller
from reconciler.storage.exclusive import hold_state
from reconciler.storage.private import RUNS
from reconciler.telemetry import Detail, Form
from reconciler.watch.circuits import Circuits, paced_backoff
from reconciler.watch.cluster_turns import Turns
from reconciler.watch.connections import Connections
from reconciler.watch.daemon import ENDS, Daemon, Parts
from reconciler.watch.healers import Healers
from reconciler.watch.keeping import Keeping
from reconciler.watch.listeners import Listener
from reconciler.watch.notifying import Telling
from reconciler.watch.other_runs import OtherRuns
from reconciler.watch.queue import LocalQueue
from reconciler.watch.schedule import Pace, Schedule
from reconciler.watch.sources import Sources
from reconciler.watch.sql_disk import SqlDisk
from reconciler.watch.stores import Store
from reconciler.watch.systemd import Supervisor
from reconciler.watch.wish import Wishes
from reconciler.watch.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

# Clusters at a time: enough for hosts to be asked while others are waited for.
CLUSTERS = 32
SHORTEST = 1.0
# Between two looks at a cluster of a demo, where something happens every few seconds.
DEMO_INTERVAL = 3.0


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes on ``during`` a watch, told where the pages are; who else hears of its rounds.

    ``ends`` are the signals that end it.
    """

    during: Callable[[tuple[str, int] | None], AbstractAsyncContextManager[object]] = (
        nullcontext
    )
    listeners: tuple[Listener, ...] = ()
    ends: frozenset[signal.Signals] = ENDS


@click.command("watch")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "--interval",
    type=Span(),
    default="5m",
    show_default=True,
    help="Between two looks at a cluster, a tenth more or less.",
)
@PARALLELISM
@CONNECTIONS
@LOG_FORMAT
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False),
    help="Where what was found is kept; one daemon for each.",
)
@click.option(
    "--demo",
    is_flag=True,
    help="Watch simulated clusters that drift, fail and are mended; no FILE, no root.",
)
@web_options
@LOG_OPTIONS
def command(
    files: tuple[str, ...],
    interval: float,
    parallelism: int,
    connections: int,
    log_format: Form | None,
    log_level: Detail | None,
    log_file: str | None,
    state_dir: str | None,
    demo: bool,
    web: WebOptions,
) -> int:
    """Look at the clusters of each FILE again and again, and tell what changes; heal what a policy names.

    FILE may be a directory, whose *.yaml and *.yml are watched; what changes in them is taken over
    at once. SIGTERM, Ctrl-C, or its terminal's end ends it, SIGUSR1 looks at all now, SIGHUP reads
    all files again.
    """
    if interval < SHORTEST:
        raise UsageError("--interval is at least 1s")
    bounds = connections, parallelism
    if demo:
        _check_demo(files, state_dir)
        source = click.get_current_context().get_parameter_source("interval")
        pace = Pace(DEMO_INTERVAL if source is ParameterSource.DEFAULT else interval, CLUSTERS)
        log = replace(log_level, form=log_format or log_level.form) if log_level else None
        with ignore_lost_terminals(), open_log(log, log_file):
            return _show_demo(web, pace, bounds)
    detail = lasting_detail(log_level, log_format)
    names = [discover_file(name) for name in files or (None,)]
    if "-" in names:
        raise UsageError("watch reads no standard input, which has no more to say: name a FILE")
    allow_files(connections)
    import reconciler.hosts.ssh  # noqa: F401, PLC0415  # slow to import: not while the loop runs

    directory = state_directory(state_dir)
    pages = new_pages(web, directory)
    with ignore_lost_terminals(), open_log(detail, log_file), hold_state(directory):
        pace = Pace(interval, min(CLUSTERS, parallelism))
        told = detail.level == "debug"
        return asyncio.run(_watch_to_the_end(names, pace, bounds, pages, told=told))


def _check_demo(files: Sequence[str], state_dir: str | None) -> None:
    if files:
        raise UsageError(f"--demo watches clusters of its own: name no FILE as {files[0]}")
    if state_dir is not None:
        raise UsageError("--demo has a state of its own, which it removes: no --state-dir")


def _show_demo(web: WebOptions, pace: Pace, bounds: tuple[int, int]) -> int:
    from reconciler.cli.watch_demo.play import Player, playing, tell  # noqa: PLC0415  # for the demo only
    from reconciler.cli.watch_demo.sites import SITES  # noqa: PLC0415
    from reconciler.cli.watch_demo.stage import STATE, own_directory, set_stage  # noqa: PLC0415

    async def show(pages: Pages) -> None:
        # Until the daemon listens itself: an exit out of the loop's middle would leave tasks behind.
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # it runs
        ends = ending_signals()
        for number in ends - {signal.SIGINT}:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        async with set_stage(pages.directory.parent) as stage:
            player = Player(stage, asyncio.get_running_loop().time)
            await player.open()
            beside = Beside(partial(playing, player), (player,), ends)
            await _watch([str(stage.files)], pace, bounds, pages, told=False, beside=beside)

    with own_directory() as directory:
        tell([("dim", f"starting {sum(site.hosts for site in SITES)} simulated hosts…")])
        pages = new_pages(replace(web, listen=web.listen or "127.0.0.1:0"), directory / STATE)
        with hold_state(pages.directory), suppress(asyncio.CancelledError, KeyboardInterrupt):
            asyncio.run(show(pages))
    return 0


async def _watch_to_the_end(
    names: Sequence[str], pace: Pace, bounds: tuple[int, int], pages: Pages, *, told: bool
) -> int:
    code = await _watch(names, pace, bounds, pages, told=told, beside=Beside())
    await leave_threads(code)
    return code


async def _watch(
    names: Sequence[str],
    pace: Pace,
    bounds: tuple[int, int],
    pages: Pages,
    *,
    told: bool,
    beside: Beside,
) -> int:
    """Watch until a signal; what is ``beside`` goes on meanwhile, and knows where pages are."""
    circuits = Circuits(paced_backoff(pace.interval))
    connections = Connections(*bounds, told=told, circuits=circuits)
    listeners: list[Listener] = [pages.showing, *beside.listeners]
    disk = SqlDisk(pages.directory, now)
    keeping = Keeping(Store(disk), now)
    records = pages.directory / RUNS
    turns = Turns(
        workers=Workers(max(1, os.cpu_count() or 1), connections.run),
        healers=Healers(records),
        keeping=keeping,
        others=OtherRuns(records),
        wall=now,
        new_run=new_run,
        listeners=listeners,
        count_healing=pages.showing.count_healing,
    )
    parts = Parts(
        sources=Sources(names),
        queue=LocalQueue(Schedule(pace, random.random), now),
        turns=turns,
        connections=connections,
        supervisor=Supervisor(os.environ),
        new_run=new_run,
        jobs=pages.jobs(keeping, disk),
        ends=beside.ends,
    )
    daemon = Daemon(parts)
    async with new_client() as client:
        carrier = Carrier(client, now)
        listeners.append(
            Telling(Teller(carrier, keeping, pages.showing.count_message), pages.public_url)
        )
        _check_wishes(await daemon.load())
        async with pages.serving(connections, daemon.pulse) as address, beside.during(address):
            ended = await daemon.run()
    return INTERRUPTED if ended == signal.SIGINT else 0


def _check_wishes(wishes: Wishes) -> None:
    """Raises SpecInvalid, or UsageError where no file could be read, if nothing is to watch."""
    if wishes.clusters:
        return
    problems = [one for found in wishes.problems.values() for one in found]
    if not problems:
        raise UsageError("no *.yaml or *.yml in any directory that is named: nothing to watch")
    if all(one.code == "file-unread" for one in problems):
        raise UsageError("; ".join(f"{one.file}: {one.message}" for one in problems))
    raise SpecInvalid(problems[0].file, (), problems)

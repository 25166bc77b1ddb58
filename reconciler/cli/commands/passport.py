"""``reconcile passport``: what is proven on which kernels and tools, of all or of a file's hosts."""

from __future__ import annotations

import asyncio
import json
import shutil
from functools import partial

import click

from reconciler.cli.files import FileResult, find_files, run_files
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    FACTS,
    FILES,
    NO_COLOR,
    NO_NOTES,
    PARALLELISM,
    formats,
)
from reconciler.cli.planned import FactsFile
from reconciler.cli.run_records import STATE_DIR, records_in
from reconciler.cli.side_by_side import Look, count_hosts, run_looks
from reconciler.cli.terminal import note, show, show_reference
from reconciler.errors import UsageError
from reconciler.hosts.doors import look_at_hosts
from reconciler.hosts.observer import observe
from reconciler.loading import read
from reconciler.loading.claims import Claims
from reconciler.model.desired import Desired
from reconciler.observation import ClusterObservations, Watch, probe_for
from reconciler.observation.live_hosts import member_hosts
from reconciler.observation.recorded import look_at_recorded
from reconciler.passport.field_rows import field_rows
from reconciler.passport.passport_rows import lab_rows, merge_rows
from reconciler.reports.passport import (
    Passport,
    cluster_lines,
    clusters_document,
    passport_document,
    passport_lines,
)
from reconciler.resources import SECTIONS
from reconciler.system_errors import say_error

SOME_UNREAD = 4
ALL_UNREAD = 1
# Runs that are read, the latest: an old one tells little of the hosts of today.
MOST_RUNS = 200
# What tells a host's kernel and its tools.
ASKED = ("identity", "kernel", "packages")


@click.command("passport")
@FILES
@FACTS
@STATE_DIR
@formats(("text", "json"))
@PARALLELISM
@NO_COLOR
@NO_NOTES
@LOGGING
def command(
    files: tuple[str, ...],
    facts: str | None,
    state_dir: str | None,
    form: str,
    parallelism: int,
    no_color: bool,
) -> int:
    """What is proven: operations, by the kernel and the tools on which they were done.

    Without FILE everything that is known, and no host is asked. With FILE the hosts are read,
    and what is known of their kernels and tools is shown; with --facts from what observe -o
    wrote. Of a kernel two numbers count: 5.10.0-28-amd64 is 5.10. 6.1+6.12 is a cluster whose
    members differ, each kernel with the tools in the same place. What is unknown changes no exit
    code: hosts that were not read are 4, all of them 1.
    """
    passport = _own_passport(state_dir)
    if not files:
        if facts:
            raise UsageError("--facts tells of the hosts of a FILE: name it, too")
        _show_all(passport, form, no_color=no_color)
        return 0
    given = find_files(files)
    claims = Claims(names=bool(facts))

    def read_file(path: str) -> Desired:
        desired = read(path)
        claims.take(path, desired)
        return desired

    tell = partial(_result, passport, form, no_color)
    if facts:
        recorded = FactsFile(facts)

        def work(path: str) -> FileResult:
            return tell(look_at_recorded(read_file(path), recorded.read().clusters, ()))

        return run_files(given, form, work, no_color=no_color)
    free = asyncio.Semaphore(parallelism)

    def prepare(path: str) -> Look:
        desired = read_file(path)
        return Look(count_hosts(desired), partial(_ask, desired, free), tell)

    return run_looks(given, form, prepare, parallelism, no_color=no_color)


def _own_passport(state_dir: str | None) -> Passport:
    """What is known here. That records cannot be read is told, and hides nothing else."""
    try:
        runs, place = records_in(state_dir, MOST_RUNS)
    except (UsageError, OSError) as error:
        note(f"note: what runs of yours have shown is not known: {say_error(error)}")
        return Passport(lab_rows(), (), 0, "no place")
    whole = [run for run in runs if run.broken is None]
    rows = [row for run in whole for row in dict.fromkeys(field_rows(run.lines))]
    return Passport(lab_rows(), merge_rows(rows), len(whole), str(place))


async def _ask(desired: Desired, free: asyncio.Semaphore, watch: Watch) -> ClusterObservations:
    """The kernels and tools of all hosts of a file."""
    async with look_at_hosts(desired) as fleet:
        looks = [
            observe(
                member_hosts(fleet, cluster),
                probe_for(cluster, (), ASKED),
                SECTIONS,
                limit=free,
                progress=watch,
            )
            for cluster in desired.clusters
        ]
        return tuple(zip(desired.clusters, await asyncio.gather(*looks), strict=True))


def _show_all(passport: Passport, form: str, *, no_color: bool) -> None:
    if form == "json":
        click.echo(json.dumps(passport_document(passport), indent=1))
    else:
        show_reference(passport_lines(passport, _width()), no_color)


def _result(
    passport: Passport, form: str, no_color: bool, pairs: ClusterObservations
) -> FileResult:
    def show_it() -> None:
        if form == "json":
            click.echo(json.dumps(clusters_document(passport, pairs), indent=1))
        else:
            show(cluster_lines(passport, pairs, _width()), no_color)

    return FileResult(_exit_code(pairs), show_it, lambda: clusters_document(passport, pairs))


def _width() -> int:
    return shutil.get_terminal_size().columns


def _exit_code(pairs: ClusterObservations) -> int:
    """By whether all hosts, some or none of them were read."""
    hosts = sum(len(observed.hosts) for _cluster, observed in pairs)
    lost = sum(len(observed.unreachable()) for _cluster, observed in pairs)
    return 0 if not lost else ALL_UNREAD if lost == hosts else SOME_UNREAD

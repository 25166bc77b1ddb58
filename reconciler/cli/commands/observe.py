"""``reconcile observe``: the facts of all hosts, as JSON or as a table."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import click

from reconciler.cli.files import FileResult, find_files
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    FILES,
    NO_COLOR,
    NO_INPUT,
    NO_NOTES,
    PARALLELISM,
    VERBOSE,
    beside,
    formats,
)
from reconciler.cli.output import check_facts_name, is_given
from reconciler.cli.side_by_side import Look, run_looks, whole_look
from reconciler.cli.terminal import note, plain, show
from reconciler.loading import read
from reconciler.loading.claims import Claims
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unreachable
from reconciler.model.refusals import format_unread
from reconciler.observation import (
    ClusterObservations,
    Options,
    recorded_probe_arguments,
)
from reconciler.reports.documents import facts_document, facts_text
from reconciler.storage.private import write_private

SOME_UNREAD = 4
ALL_UNREAD = 1


@click.command("observe")
@FILES
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the JSON there.")
@formats(("json", "text"))
@PARALLELISM
@NO_INPUT
@NO_COLOR
@NO_NOTES
@VERBOSE
@LOGGING
def command(
    files: tuple[str, ...],
    output: str | None,
    form: str,
    parallelism: int,
    no_input: bool,
    no_color: bool,
    verbose: int,
) -> int:
    """Read all hosts of each FILE; writes nothing on any of them.

    FILE may be a directory, whose *.yaml and *.yml are read in turn. The JSON is one document
    of all hosts.
    """
    given = find_files(files)
    beside(output, *given.names)
    if output:
        check_facts_name(output)
    shown = form == "text" or (sys.stdout.isatty() and not is_given("form"))
    claims = Claims(names=bool(output) or not shown)
    every: list[tuple[Cluster, Observed]] = []
    options = Options(parallelism=parallelism, free=asyncio.Semaphore(parallelism))

    def prepare(path: str) -> Look:
        desired = read(path)
        claims.take(path, desired)
        return whole_look(desired, options, tell)

    def tell(pairs: ClusterObservations) -> FileResult:
        if claims.names:
            every.extend(pairs)
            if not given.several:
                _write(every, output, shown=shown)
        show = partial(_show, pairs, verbose, no_color) if shown else partial(_tell_lost, pairs)
        return FileResult(_exit_code(pairs), show, dict)

    told = "text" if shown else ""
    code = run_looks(given, told, prepare, parallelism, no_color=no_color)
    if given.several and every:
        _write(every, output, shown=shown)
    return code


def _write(
    pairs: Sequence[tuple[Cluster, Observed]], output: str | None, *, shown: bool
) -> None:
    """One document of all facts: to its file, else to stdout, unless these are shown there."""
    asked = {cluster.name: recorded_probe_arguments(cluster, seen) for cluster, seen in pairs}
    document = facts_document(pairs, asked, datetime.now(UTC).isoformat(timespec="seconds"))
    text = facts_text(document)
    if output:
        write_private(output, text + "\n")  # passwords of fstab stand in it, too
        note(f"saved: {output}, to be planned from by --facts {output}")
    elif not shown:
        click.echo(f"{text}\n", nl=False)


def _show(
    pairs: ClusterObservations, detail: int, no_color: bool
) -> None:  # the value of the flag of that name
    from reconciler.reports.facts import host_lines  # noqa: PLC0415  # not for a document
    from reconciler.reports.facts_table import observed_lines  # noqa: PLC0415  # as above

    show(observed_lines(pairs), no_color)
    show(host_lines(pairs) if detail else (), no_color)


def _tell_lost(pairs: ClusterObservations) -> None:
    for host in _lost(pairs):
        words = format_unread(host.host, host.code, host.message)
        click.echo(plain(f"{host.host}: {words}"), err=True)


def _lost(pairs: ClusterObservations) -> list[Unreachable]:
    return [host for host in _every(pairs) if isinstance(host, Unreachable)]


def _exit_code(pairs: ClusterObservations) -> int:
    """By whether all hosts, some or none of them were read."""
    lost = _lost(pairs)
    return 0 if not lost else ALL_UNREAD if len(lost) == len(_every(pairs)) else SOME_UNREAD


def _every(pairs: ClusterObservations) -> list[HostFacts | Unreachable]:
    """Each host that was asked, members first."""
    return [
        host
        for _cluster, observed in pairs
        for host in (*observed.hosts.values(), *observed.storage.values())
    ]

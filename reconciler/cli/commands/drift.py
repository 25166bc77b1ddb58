"""``reconcile drift``: what differs from the file now, and who made the difference."""

from __future__ import annotations

import asyncio
import json

import click

from reconciler.cli.files import FileResult, find_files
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    FILES,
    NO_COLOR,
    NO_INPUT,
    NO_NOTES,
    PARALLELISM,
    TARGET,
    VERBOSE,
    formats,
)
from reconciler.cli.side_by_side import Look, count_hosts, run_looks
from reconciler.cli.targets import check_targets
from reconciler.cli.terminal import show
from reconciler.hosts.doors import look_at_hosts
from reconciler.loading import read
from reconciler.loading.claims import Claims
from reconciler.model.documents import FORMAT_VERSION
from reconciler.observation import Options, Watch
from reconciler.pipeline.drift import find_drifts
from reconciler.planning.review.drift import Drift
from reconciler.reports.drift import (
    drift_document,
    drift_junit,
    drift_lines,
    drift_markdown,
    drift_suites,
)

DRIFTED = 2
UNREAD = 3


@click.command("drift")
@FILES
@formats(("text", "json", "markdown", "junit"))
@TARGET
@PARALLELISM
@NO_INPUT
@NO_COLOR
@NO_NOTES
@VERBOSE
@LOGGING
def command(
    files: tuple[str, ...],
    form: str,
    targets: tuple[str, ...],
    parallelism: int,
    no_input: bool,
    no_color: bool,
    verbose: int,
) -> int:
    """Show what differs from each FILE: changed outside, or not applied yet. Writes nothing.

    FILE may be a directory, whose *.yaml and *.yml are compared in turn. Exit code 2 for any difference, else 3 if something could not be read, else 0.
    """
    claims = Claims()
    options = Options(targets, parallelism, free=asyncio.Semaphore(parallelism))

    def prepare(path: str) -> Look:
        desired = read(path)
        claims.take(path, desired)
        check_targets(desired, targets)

        async def ask(watch: Watch) -> tuple[Drift, ...]:
            async with look_at_hosts(desired) as fleet:
                return await find_drifts(desired, fleet, options, watch)

        return Look(count_hosts(desired), ask, tell)

    def tell(found: tuple[Drift, ...]) -> FileResult:
        return FileResult(
            exit_code(found),
            lambda: _show(found, form, no_color=no_color),
            lambda: drift_document(found, FORMAT_VERSION),
            lambda: drift_suites(found),
        )

    return run_looks(find_files(files), form, prepare, parallelism, no_color=no_color)


def _show(found: tuple[Drift, ...], form: str, *, no_color: bool) -> None:
    if form == "text":
        show(drift_lines(found), no_color)
    elif form == "json":
        click.echo(json.dumps(drift_document(found, FORMAT_VERSION), indent=1, default=str))
    else:
        click.echo({"markdown": drift_markdown, "junit": drift_junit}[form](found).rstrip())


def exit_code(found: tuple[Drift, ...]) -> int:
    """2 for any difference, else 3 if something was not read."""
    if any(drift.items for drift in found):
        return DRIFTED
    return UNREAD if any(drift.unread for drift in found) else 0

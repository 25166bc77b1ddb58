"""``reconcile drift``: what differs from the file now, and who made the difference."""

from __future__ import annotations

import asyncio
import json

import click

from reconciler.cli.claims import Claims
from reconciler.cli.files import FileResult, find_files
from reconciler.cli.fleet import look_at_hosts
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
from reconciler.loading import read
from reconciler.model.desired import Cluster, Desired
from reconciler.model.documents import FORMAT_VERSION
from reconciler.model.observed import Observed
from reconciler.pipeline import HostFactory, Options, Watch, look_at
from reconciler.planning.planner import restrict
from reconciler.planning.review.drift import Drift, detect_drift, last_applied, record_notes
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
                return await drifts(desired, fleet, options, watch)

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


async def drifts(
    desired: Desired, fleet: HostFactory, options: Options, watch: Watch | None = None
) -> tuple[Drift, ...]:
    """The drift of every cluster, from one look at its hosts, or two if the file has changed."""
    pairs = await look_at(desired, fleet, options, watch)
    asked = {cluster.name: cluster for cluster in desired.clusters}
    return tuple(
        await asyncio.gather(
            *(_one(asked[c.name], (c, seen), fleet, options) for c, seen in pairs)
        )
    )


async def _one(
    asked: Cluster, pair: tuple[Cluster, Observed], fleet: HostFactory, options: Options
) -> Drift:
    """What was last applied may name other members and devices, so that they are asked, too."""
    wanted = restrict(*pair, options.targets)
    applied = last_applied(*pair)
    notes = tuple(record_notes(*pair))
    if applied is None:
        return detect_drift(wanted, None, notes)
    if applied.clusters[0] == asked:
        return detect_drift(wanted, wanted, notes)
    ((before, seen),) = await look_at(applied, fleet, options)
    return detect_drift(wanted, restrict(before, seen, options.targets), notes)

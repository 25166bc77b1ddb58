"""``reconcile plan``: what differs, and the ordered actions; nothing is written."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from reconciler.cli.fleet import connected
from reconciler.cli.options import (
    FILE,
    NO_COLOR,
    NO_INPUT,
    PARALLELISM,
    TARGET,
    VERBOSE,
    discovered,
    formats,
)
from reconciler.cli.targets import checked
from reconciler.cli.terminal import observing, show
from reconciler.loading import digest, places, read
from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.plan import Plan
from reconciler.model.standing import contacted
from reconciler.pipeline import Options
from reconciler.pipeline import plan as make
from reconciler.reports.documents import plan_document
from reconciler.reports.forms import FORMS, Shown
from reconciler.reports.text import plan_lines

Pairs = tuple[tuple[Cluster, Observed], ...]
CHANGES = 2
BLOCKED = 3


@click.command("plan")
@FILE
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Save the plan there.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@formats(("text", "json", *FORMS))
@TARGET
@PARALLELISM
@NO_INPUT
@NO_COLOR
@VERBOSE
def command(
    file: str | None,
    output: str | None,
    detailed_exitcode: bool,
    form: str,
    targets: tuple[str, ...],
    parallelism: int,
    no_input: bool,
    no_color: bool,
    verbose: int,
) -> int:
    """Observe the hosts of FILE and show what apply would do, and why."""
    path = discovered(file)
    desired = read(path)
    checked(desired, targets)
    options = Options(targets, parallelism)

    async def look() -> tuple[Plan, Pairs]:
        async with connected(desired) as fleet:
            total = sum(len(contacted(cluster)) for cluster in desired.clusters)
            with observing(total, no_color=no_color) as watch:
                return await make(desired, fleet, options, watch)

    plan, pairs = asyncio.run(look())
    source = Path(path).read_text()
    document = plan_document(plan, desired, targets, digest(source))
    text = json.dumps(document, indent=1, default=str)
    if output:
        Path(output).write_text(text + "\n")
    if form == "json":
        click.echo(text)
    elif form in FORMS:
        click.echo(FORMS[form](Shown(plan, pairs, path, places(source))))
    else:
        show(plan_lines(plan, {c.name: seen for c, seen in pairs}, verbose), no_color)
    if plan.blocked:
        return BLOCKED
    return CHANGES if detailed_exitcode and (plan.actions or _differs(plan)) else 0


def _differs(plan: Plan) -> bool:
    return any(cluster.changes for cluster in plan.clusters)

"""``reconcile plan``: what differs, and the ordered actions; nothing is written."""

from __future__ import annotations

import json

import click

from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    FACTS,
    FILE,
    NO_COLOR,
    NO_INPUT,
    PARALLELISM,
    TARGET,
    VERBOSE,
    beside,
    discover_file,
    formats,
)
from reconciler.cli.planned import plan_desired
from reconciler.cli.targets import check_targets
from reconciler.cli.terminal import show
from reconciler.loading import digest, find_positions, load, read_text
from reconciler.model.plan import Plan
from reconciler.pipeline import Options
from reconciler.reports.documents import plan_document
from reconciler.reports.forms import FORMS, Shown
from reconciler.reports.text import plan_lines, saved_for
from reconciler.storage.private import write_private

CHANGES = 2
BLOCKED = 3


@click.command("plan")
@FILE
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Save the plan there.")
@FACTS
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@formats(("text", "json", *FORMS))
@TARGET
@PARALLELISM
@NO_INPUT
@NO_COLOR
@VERBOSE
@LOGGING
def command(
    file: str | None,
    output: str | None,
    facts: str | None,
    detailed_exitcode: bool,
    form: str,
    targets: tuple[str, ...],
    parallelism: int,
    no_input: bool,
    no_color: bool,
    verbose: int,
) -> int:
    """Observe the hosts of FILE and show what apply would do, and why.

    With --facts no host is connected to.
    """
    path = discover_file(file)
    beside(output, path, facts)
    source = read_text(path)
    desired = load(path, source)
    check_targets(desired, targets)
    plan, pairs = plan_desired(
        desired, Options(targets, parallelism), facts=facts, no_color=no_color
    )
    document = plan_document(plan, desired, targets, digest(source))
    text = json.dumps(document, indent=1, default=str)
    if output:
        write_private(output, text + "\n")
        click.echo(f"saved: {output}, {saved_for(plan, output)}", err=True)
    if form == "json":
        click.echo(text)
    elif form in FORMS:
        click.echo(FORMS[form](Shown(plan, pairs, path, find_positions(source))))
    else:
        show(plan_lines(plan, {c.name: seen for c, seen in pairs}, verbose), no_color)
    if plan.blocked:
        return BLOCKED
    return CHANGES if detailed_exitcode and (plan.actions or _differs(plan)) else 0


def _differs(plan: Plan) -> bool:
    return any(cluster.changes for cluster in plan.clusters)

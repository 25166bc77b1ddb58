"""``reconcile runbook``: the plan as a manual procedure; nothing is written."""

from __future__ import annotations

import json

import click

from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    FACTS,
    FILE,
    NO_COLOR,
    NO_NOTES,
    PARALLELISM,
    TARGET,
    discover_file,
    formats,
)
from reconciler.cli.planned import plan_file
from reconciler.cli.terminal import show
from reconciler.observation import Options
from reconciler.reports.runbook import runbook_document, runbook_lines

BLOCKED = 3


@click.command("runbook")
@FILE
@FACTS
@formats(("text", "json"))
@TARGET
@PARALLELISM
@NO_COLOR
@NO_NOTES
@LOGGING
def command(
    file: str | None,
    facts: str | None,
    form: str,
    targets: tuple[str, ...],
    parallelism: int,
    no_color: bool,
) -> int:
    """The plan of FILE as steps that a person can type: host, command, check.

    The text is Markdown, too. A cluster whose plan is refused has no steps (exit 3). With
    --facts no host is connected to: it is made from what observe -o wrote.
    """
    options = Options(targets, parallelism)
    plan, pairs = plan_file(discover_file(file), options, facts=facts, no_color=no_color)
    if form == "json":
        click.echo(json.dumps(runbook_document(plan, pairs), indent=1))
    else:
        show(runbook_lines(plan, pairs), no_color)
    return BLOCKED if plan.blocked else 0

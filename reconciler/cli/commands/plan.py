"""``reconcile plan``: what differs, and the ordered actions; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from reconciler.cli.files import FileResult, find_files, refuse_several, run_files
from reconciler.cli.logs import LOGGING
from reconciler.cli.options import (
    FACTS,
    FILES,
    NO_COLOR,
    NO_INPUT,
    NO_NOTES,
    PARALLELISM,
    TARGET,
    VERBOSE,
    beside,
    formats,
)
from reconciler.cli.output import DOCUMENT, written_form
from reconciler.cli.planned import FactsFile, plan_desired
from reconciler.cli.run_records import STATE_DIR, told_of_failures
from reconciler.cli.shown_plan import PLAN_FORMS, ShownPlan
from reconciler.cli.targets import check_targets
from reconciler.cli.terminal import note
from reconciler.loading import digest, find_places, load, read_text
from reconciler.loading.claims import Claims
from reconciler.model.plan import Plan
from reconciler.model.views import Surroundings
from reconciler.observation import Options
from reconciler.reports.documents import plan_document
from reconciler.reports.plan_views import plan_views
from reconciler.reports.text import saved_for
from reconciler.storage.private import write_private

CHANGES = 2
BLOCKED = 3


@click.command("plan")
@FILES
@click.option(
    "-o",
    "--output",
    "--save",
    "output",
    type=click.Path(dir_okay=False),
    help="Write it there: as --format says, or NAME.plan.json for apply.",
)
@FACTS
@STATE_DIR
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes.")
@formats(PLAN_FORMS)
@TARGET
@PARALLELISM
@NO_INPUT
@NO_COLOR
@NO_NOTES
@VERBOSE
@LOGGING
def command(
    files: tuple[str, ...],
    output: str | None,
    facts: str | None,
    state_dir: str | None,
    detailed_exitcode: bool,
    form: str,
    targets: tuple[str, ...],
    parallelism: int,
    no_input: bool,
    no_color: bool,
    verbose: int,
) -> int:
    """Observe the hosts of each FILE and show what apply would do, and why.

    FILE may be a directory, whose *.yaml and *.yml are planned one after another. With --facts
    no host is connected to.
    """
    given = find_files(files)
    beside(output, *given.names, facts)
    written = written_form(output, form) if output else ""
    if output:
        refuse_several(given, f"-o {output}", "name one FILE, or leave -o out for stdout")
    if form == "html":
        refuse_several(given, "--format html", "name one FILE, or say --format markdown")

    claims = Claims(names=bool(facts))
    recorded = FactsFile(facts) if facts else None

    def work(path: str) -> FileResult:
        source = read_text(path)
        desired = load(path, source)
        claims.take(path, desired)
        check_targets(desired, targets)
        plan, pairs = plan_desired(
            desired, Options(targets, parallelism), facts=recorded, no_color=no_color
        )
        plan = plan if facts else told_of_failures(plan, state_dir)
        told = form == "text" and written in {"", "text"}  # in words, which name no places
        places = {} if told else find_places(source, desired.clusters)
        around = Surroundings(path, places, plan_views(plan, pairs))

        def document() -> Mapping[str, Any]:
            return plan_document(plan, desired, targets, digest(source), around)

        shown = ShownPlan(plan, around, document)
        if output:
            write_private(output, shown.text(written, verbose))
            note(f"saved: {output}{_use(written, output, plan)}")

        def show() -> None:
            if written in {"", DOCUMENT}:
                shown.show(form, verbose, no_color=no_color)

        code = _exit_code(plan, detailed=detailed_exitcode)
        return FileResult(code, show, document, lambda: shown.parts(form))

    return run_files(given, form, work, no_color=no_color)


def _exit_code(plan: Plan, *, detailed: bool) -> int:
    if plan.blocked:
        return BLOCKED
    return CHANGES if detailed and (plan.actions or _differs(plan)) else 0


def _use(written: str, output: str, plan: Plan) -> str:
    """What a file is good for."""
    if written != DOCUMENT:
        return f", plan {plan.id} as {written}"
    return f", plan {plan.id}, {saved_for(plan, output)}"


def _differs(plan: Plan) -> bool:
    return any(cluster.changes for cluster in plan.clusters)

"""``reconcile plan``: what differs, and the ordered actions; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from reconciler.cli.files import FileResult, Given, find_files, refuse_several, run_files
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
from reconciler.cli.planned import FactsFile, plan_from_facts
from reconciler.cli.run_records import STATE_DIR, PastFailures
from reconciler.cli.shown_plan import PLAN_FORMS, ShownPlan
from reconciler.cli.targets import check_targets
from reconciler.cli.terminal import note
from reconciler.frozen import frozen
from reconciler.loading import digest, find_places, load, read_text
from reconciler.loading.claims import Claims
from reconciler.model.desired import Desired
from reconciler.model.plan import Plan
from reconciler.model.views import Surroundings
from reconciler.observation import ClusterObservations, Options
from reconciler.planning.planner import make_plan
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

    FILE may be a directory, whose *.yaml and *.yml are planned in turn. With --facts
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
    asked = _Asked(targets, form, output, written, verbose, detailed_exitcode, no_color)

    def read_file(path: str) -> _File:
        source = read_text(path)
        desired = load(path, source)
        claims.take(path, desired)
        check_targets(desired, targets)
        return _File(path, source, desired)

    if facts is None:
        return _plan_live(given, asked, read_file, PastFailures(state_dir), parallelism)
    recorded = FactsFile(facts)

    def work(path: str) -> FileResult:
        file = read_file(path)
        return _result(asked, file, *plan_from_facts(file.desired, recorded, targets))

    return run_files(given, form, work, no_color=no_color)


@frozen
class _Asked:
    """How the plans are to be told; ``written`` is the form of what goes to ``output``."""

    targets: tuple[str, ...]
    form: str
    output: str | None
    written: str
    detail: int
    detailed_exitcode: bool
    no_color: bool

    @property
    def in_words(self) -> bool:
        """Whether nothing but text is made, which names no places of the file."""
        return self.form == "text" and self.written in {"", "text"}


@frozen
class _File:
    """A desired-state file as it was read."""

    path: str
    source: str
    desired: Desired


def _plan_live(
    given: Given,
    asked: _Asked,
    read_file: Callable[[str], _File],
    failed_before: PastFailures,
    parallelism: int,
) -> int:
    """Plan each file from its hosts as they are now."""
    from asyncio import Semaphore  # noqa: PLC0415  # recorded facts do without hosts

    from reconciler.cli.side_by_side import Look, run_looks, whole_look  # noqa: PLC0415  # as above

    options = Options(asked.targets, parallelism, free=Semaphore(parallelism))

    def prepare(path: str) -> Look:
        file = read_file(path)

        def tell(pairs: ClusterObservations) -> FileResult:
            plan = failed_before.tell(make_plan(pairs, asked.targets))
            return _result(asked, file, plan, pairs)

        return whole_look(file.desired, options, tell)

    return run_looks(given, asked.form, prepare, parallelism, no_color=asked.no_color)


def _result(asked: _Asked, file: _File, plan: Plan, pairs: ClusterObservations) -> FileResult:
    places = {} if asked.in_words else find_places(file.source, file.desired.clusters)
    around = Surroundings(file.path, places, plan_views(plan, pairs))

    def document() -> Mapping[str, Any]:
        return plan_document(plan, file.desired, asked.targets, digest(file.source), around)

    shown = ShownPlan(plan, around, document)
    if asked.output:
        write_private(asked.output, shown.text(asked.written, asked.detail))
        note(f"saved: {asked.output}{_use(asked.written, asked.output, plan)}")

    def show() -> None:
        if asked.written in {"", DOCUMENT}:
            shown.show(asked.form, asked.detail, no_color=asked.no_color)

    code = _exit_code(plan, detailed=asked.detailed_exitcode)
    return FileResult(code, show, document, lambda: shown.parts(asked.form))


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

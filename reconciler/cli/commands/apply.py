"""``reconcile apply``: plan, ask, execute, prove."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import click

from reconciler import __version__, telemetry
from reconciler.cli.apply_request import ApplyRequest
from reconciler.cli.consent import is_approved, unapproved_outcomes
from reconciler.cli.interruption import catch_interrupts
from reconciler.cli.logs import LOGGING, tell_record
from reconciler.cli.options import (
    FILE,
    NO_COLOR,
    NO_INPUT,
    PARALLELISM,
    QUIET,
    TARGET,
    VERBOSE,
    PlanId,
    Span,
    discover_file,
    formats,
)
from reconciler.cli.progress import json_lines, live
from reconciler.cli.run_records import PastFailures
from reconciler.cli.state_place import state_directory
from reconciler.cli.streams import ignore_broken_pipes
from reconciler.cli.targets import check_targets
from reconciler.cli.terminal import observing, say, say_columns, show
from reconciler.errors import UsageError
from reconciler.execution import author, run_word
from reconciler.execution.journal import Journal
from reconciler.execution.locks import Claim
from reconciler.hosts.doors import connect_hosts
from reconciler.loading import digest, read, read_text
from reconciler.loading.saved import SavedPlan, saved_plan
from reconciler.model.desired import Cluster
from reconciler.model.machine_marks import machine_marks
from reconciler.model.observed import Observed
from reconciler.model.outcome import ClusterOutcome
from reconciler.model.plan import Plan
from reconciler.model.roles import contacted_members
from reconciler.pipeline import HostFactory, Options, Run
from reconciler.pipeline import plan as make
from reconciler.planning.review.approval import Consent, runnable
from reconciler.planning.review.plan_diff import Difference, differences
from reconciler.reports.documents import plan_document, planned_counts, run_summary
from reconciler.reports.plan_views import plan_views
from reconciler.reports.stale import stale_lines
from reconciler.reports.text import outcome_lines, plan_lines
from reconciler.storage.private import RUNS, private_directory

DETACHED = 130
STALE = "plan again, look at what differs, and save and approve that plan"
DONE = "nothing is left to do: the saved plan can be thrown away"
Pairs = Sequence[tuple[Cluster, Observed]]


@click.command("apply")
@FILE
@click.option("-y", "--auto-approve", is_flag=True, help="Approve a safe, reversible plan.")
@click.option("--approve", type=PlanId(), metavar="PLAN_ID", help="Approve exactly that plan.")
@click.option(
    "--accept-data",
    "devices",
    multiple=True,
    metavar="DEVICE",
    help="Formatting DEVICE, by its WWID or a path that leads to it, is meant.",
)
@click.option(
    "--lock-timeout",
    type=Span(),
    default="30s",
    show_default=True,
    help="Wait so long for another run, as 90s, 5m or 1h.",
)
@click.option("--state-dir", type=click.Path(file_okay=False), help="Where runs are recorded.")
@formats(("text", "json"))
@TARGET
@PARALLELISM
@NO_INPUT
@NO_COLOR
@QUIET
@VERBOSE
@LOGGING
def command(
    file: str | None,
    auto_approve: bool,
    approve: str | None,
    devices: tuple[str, ...],
    lock_timeout: float,
    state_dir: str | None,
    form: str,
    targets: tuple[str, ...],
    parallelism: int,
    no_input: bool,
    no_color: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Make the hosts of FILE what it says, after your approval; prove every step.

    FILE may be a plan that plan -o saved: it is applied exactly, or refused as stale.
    """
    path = discover_file(file)
    saved = saved_plan(path)
    if saved and targets:
        raise UsageError(
            f"{path} is a saved plan and has its targets: --target cannot be given"
        )
    desired = saved.desired if saved else read(path)
    check_targets(desired, targets)
    request = ApplyRequest(
        file=path,
        file_digest=saved.document["file_digest"] if saved else digest(read_text(path)),
        desired=desired,
        consent=Consent(auto_approve, approve, frozenset(devices)),
        options=Options(saved.targets if saved else targets, parallelism),
        lock_timeout=lock_timeout,
        json=form == "json",
        ask=not no_input and sys.stdin.isatty() and sys.stderr.isatty(),
        no_color=no_color,
        quiet=quiet,
        detail=verbose,
        state=state_dir,
        saved=saved,
    )
    try:
        with ignore_broken_pipes():
            return asyncio.run(_apply(request))
    except asyncio.CancelledError:
        return DETACHED


async def _apply(request: ApplyRequest) -> int:
    identity = author.new_run()
    state = state_directory(request.state)
    private_directory(state)
    with (
        telemetry.bind_fields(run=identity),
        Journal(state / RUNS, identity, author.now) as journal,
    ):
        journal.listeners.append(tell_record)
        if request.json:
            journal.listeners.append(json_lines)
        journal.emit("run-started", {"cluster": None, **_about(request), **author.author()})
        try:
            plan, outcomes, interrupted = await _run(request, journal)
        except (asyncio.CancelledError, click.Abort) as error:
            detached = isinstance(error, asyncio.CancelledError)
            summary = run_summary((), "interrupted", DETACHED)
            journal.tell("run-finished", {"cluster": None, "detached": detached, **summary})
            say(f"{_LEFT[detached]}; record: {journal.path}")
            raise
        word = run_word.result(outcomes, interrupted)
        code = run_word.exit_code(word)
        ended = {"cluster": None, **run_summary(outcomes, word, code)}
        lost = journal.tell("run-finished", ended)
    if not request.json and not (request.quiet and code == 0):
        shown = () if request.quiet else plan.blocked
        show(outcome_lines(outcomes, request.file, shown), request.no_color)
        say_columns(f"run {identity}: {word} (exit {code})  record: {journal.path}")
    if lost:
        say(f"its end is not on record: {lost}")
    return code


def _about(request: ApplyRequest) -> dict[str, str]:
    """What a run is of: the file as it was named, and where that is."""
    path = "" if request.file == "-" else str(Path(request.file).absolute())
    return {"file": request.file, "path": path, "file_digest": request.file_digest}


_LEFT = {
    True: "detached: what runs on the hosts goes on",
    False: "nothing was started on any host",
}


async def _run(
    request: ApplyRequest, journal: Journal
) -> tuple[Plan, tuple[ClusterOutcome, ...], bool]:
    """Plan, approve, carry out; every refusal goes on record.

    Raises Abort for a Ctrl-C before anything is carried out.
    """
    async with connect_hosts(request.desired, compress=True) as fleet:
        total = sum(len(contacted_members(cluster)) for cluster in request.desired.clusters)
        with observing(total, no_color=request.no_color) as watch:
            try:
                plan, pairs = await make(request.desired, fleet, request.options, watch)
            except asyncio.CancelledError as error:
                raise click.Abort from error
        plan = PastFailures(request.state).tell(plan)
        outcomes, interrupted = await _carry_out(request, journal, fleet, (plan, pairs))
    for outcome in outcomes:
        for item in outcome.blocked:
            journal.tell("refused", {"cluster": outcome.name, **asdict(item)})
        if outcome.message:
            journal.tell("told", {"cluster": outcome.name, "message": outcome.message})
    return plan, outcomes, interrupted


async def _carry_out(
    request: ApplyRequest, journal: Journal, fleet: HostFactory, seen: tuple[Plan, Pairs]
) -> tuple[tuple[ClusterOutcome, ...], bool]:
    plan, pairs = seen
    planned = {item.name: item.actions for item in plan.clusters}
    for cluster, observed in pairs:
        count = {"hosts": len(observed.hosts), "unreachable": len(observed.unreachable())}
        due = {**planned_counts(planned[cluster.name]), "machines": machine_marks(observed)}
        journal.emit("observed", {"cluster": cluster.name, **count, **due, "plan": plan.id})
    if request.saved and (changed := _changed(request.saved, plan)) is not None:
        return _stale(request, journal, plan, changed), False
    if not request.json and not request.quiet:
        show(plan_lines(plan, plan_views(plan, pairs), request.detail), request.no_color)
    if runnable(plan) and not is_approved(request, journal, plan, pairs):
        return unapproved_outcomes(plan), False
    stop = asyncio.Event()
    interrupted = catch_interrupts(stop)
    with ExitStack() as stack:
        if not request.json and not request.quiet:
            actions = [a for c in runnable(plan) for a in c.actions]
            journal.listeners.append(
                stack.enter_context(live(actions, no_color=request.no_color))
            )
        claim = partial(_claim, request, journal.path.stem)
        work = Run(fleet, request.options, journal.emit, stop, claim, request.desired)
        outcomes = await work.execute(plan, pairs)
    return (as_saved(outcomes) if request.saved else outcomes), bool(interrupted)


def _changed(saved: SavedPlan, plan: Plan) -> tuple[Difference, ...] | None:
    """What is not as in the saved plan; None if id and actions are the same."""
    now = plan_document(plan, saved.desired, saved.targets, "")
    found = differences(saved.document, now)
    return None if not found and plan.id == saved.id else found


def _stale(
    request: ApplyRequest, journal: Journal, plan: Plan, found: Sequence[Difference]
) -> tuple[ClusterOutcome, ...]:
    """Nothing was done; everything that changed goes on record, and is told."""
    assert request.saved is not None  # noqa: S101  # only a saved plan is stale
    for one in found:
        journal.emit("stale", asdict(one))
    is_due = bool(plan.actions or plan.blocked)
    if not request.json:
        show(stale_lines(found, request.saved.id, plan.id if is_due else ""), request.no_color)
        if not is_due:
            say("note: nothing is due any more: the hosts are as the saved plan wants them")
    if request.saved.version != __version__:
        say(f"note: reconcile {request.saved.version} made the plan, this is {__version__}")
    message = STALE if is_due else DONE
    return tuple(ClusterOutcome(item.name, "stale", message=message) for item in plan.clusters)


def as_saved(outcomes: tuple[ClusterOutcome, ...]) -> tuple[ClusterOutcome, ...]:
    """What changed between the last look and the lease makes the saved plan stale, too."""
    return tuple(
        replace(one, result="stale") if "plan-changed" in {b.code for b in one.blocked} else one
        for one in outcomes
    )


def _claim(request: ApplyRequest, identity: str, cluster: str) -> Claim:
    return author.claim(cluster, identity, request.lock_timeout)

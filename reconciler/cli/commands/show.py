"""``reconcile show``: one past run, whole; whether its record is. Or a saved plan, in any form."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.cli.options import NO_COLOR, NO_NOTES, formats
from reconciler.cli.run_records import STATE_DIR, found_run, load_record, run_from_record
from reconciler.cli.shown_plan import PLAN_FORMS, ShownPlan, show_saved_plan
from reconciler.cli.terminal import show
from reconciler.errors import UsageError
from reconciler.execution.journal import Record, read_record
from reconciler.loading.saved import saved_plan
from reconciler.reports.history import chain_lines, run_document, run_lines

Verdict = dict[str, object]
RUN_FORMS = ("text", "json")


@click.command("show")
@click.argument("run", default="last", metavar="[RUN|P.plan.json]")
@STATE_DIR
@click.option("--verify", is_flag=True, help="Check the chain of its lines; 1 if it is broken.")
@click.option(
    "--head", metavar="HASH", help="With --verify: the head that was noted elsewhere."
)
@click.option("-v", "--verbose", count=True, help="Whole outputs, and what proved each action.")
@formats(PLAN_FORMS)
@NO_COLOR
@NO_NOTES
def command(
    run: str,
    state_dir: str | None,
    verify: bool,
    head: str | None,
    verbose: int,
    form: str,
    no_color: bool,
) -> int:
    """One past RUN: every action, its command, output, duration and proof. Or a saved plan.

    RUN is its id, a beginning of it that no other run has, or `last`. P.plan.json is what
    plan -o saved: no host is asked, and it is shown in any form that a plan has.
    """
    if head and not verify:
        raise click.UsageError("--head needs --verify")
    if is_plan_file(run):
        if verify:
            raise click.UsageError("--verify is for the record of a run, not for a saved plan")
        _plan(run).show(form, verbose, no_color=no_color)
        return 0
    if form not in RUN_FORMS:
        raise UsageError(
            f"--format {form} is for saved plans; a run has {', '.join(RUN_FORMS)}"
        )
    path = found_run(state_dir, run)
    # What is to be verified is the file itself.
    record = read_record(path) if verify else load_record(path)
    verdict = _verdict(record, str(path), head)
    if form == "json":
        click.echo(json.dumps(run_document(run_from_record(record), verdict), indent=1))
    elif verify:
        show(chain_lines(verdict), no_color)
    else:
        show(run_lines(run_from_record(record), verbose), no_color)
        if record.broken:
            show([("bad", f"line {record.broken} of the record is damaged")], no_color)
    return 1 if verify and not verdict["whole"] else 0


def is_plan_file(run: str) -> bool:
    """Whether a file is meant: no run's id has a dot or a slash."""
    return run.endswith(".json") or "/" in run or Path(run).is_file()


def _plan(path: str) -> ShownPlan:
    if (saved := saved_plan(path)) is None:
        raise UsageError(
            f"{path} is no saved plan: reconcile plan FILE -o NAME.plan.json makes one"
        )
    return show_saved_plan(saved)


def _verdict(record: Record, path: str, expected: str | None) -> Verdict:
    return {
        "path": path,
        "whole": record.broken is None and expected in {None, record.head},
        "broken_line": record.broken,
        "unfinished": record.cut,
        "ended": record.lines[-1:] != () and record.lines[-1].get("event") == "run-finished",
        "lines": len(record.lines),
        "head": record.head,
        "head_expected": expected,
    }

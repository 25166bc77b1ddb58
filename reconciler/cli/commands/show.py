"""``reconcile show``: one past run, whole; whether its record is."""

from __future__ import annotations

import json

import click

from reconciler.cli.options import NO_COLOR, formats
from reconciler.cli.run_records import STATE_DIR, found_run, run_from_record
from reconciler.cli.terminal import show
from reconciler.execution.journal import Record, read_record
from reconciler.reports.history import chain_lines, run_document, run_lines

Verdict = dict[str, object]


@click.command("show")
@click.argument("run", default="last")
@STATE_DIR
@click.option("--verify", is_flag=True, help="Check the chain of its lines; 1 if it is broken.")
@click.option(
    "--head", metavar="HASH", help="With --verify: the head that was noted elsewhere."
)
@click.option("-v", "--verbose", count=True, help="Whole outputs, and what proved each action.")
@formats(("text", "json"))
@NO_COLOR
def command(
    run: str,
    state_dir: str | None,
    verify: bool,
    head: str | None,
    verbose: int,
    form: str,
    no_color: bool,
) -> int:
    """One past RUN: every action, its command, output, duration and proof.

    RUN is its id, a beginning of it that no other run has, or `last`.
    """
    if head and not verify:
        raise click.UsageError("--head needs --verify")
    path = found_run(state_dir, run)
    record = read_record(path)
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

"""``reconcile history``: the runs on record."""

from __future__ import annotations

import json

import click

from reconciler.cli.options import NO_COLOR, NO_NOTES, formats
from reconciler.cli.run_records import STATE_DIR, records_in
from reconciler.cli.terminal import show
from reconciler.reports.history import history_document, history_lines


@click.command("history")
@STATE_DIR
@formats(("text", "json"))
@click.option("-n", "--last", type=click.IntRange(1), metavar="N", help="Only the last N runs.")
@NO_COLOR
@NO_NOTES
def command(state_dir: str | None, form: str, last: int | None, no_color: bool) -> int:
    """Past runs of this machine, the latest first: who, when, which plan, how it ended."""
    runs, place = records_in(state_dir, last)
    if form == "json":
        click.echo(json.dumps(history_document(runs), indent=1))
    else:
        show(history_lines(runs, str(place)), no_color)
    return 0

"""The records of past runs: where they are, and which one is meant."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.session import state_directory
from reconciler.errors import UsageError
from reconciler.execution.journal import Record, read_record
from reconciler.reports.past_runs import UNREADABLE, Past, past
from reconciler.storage.private import check_directory

STATE_DIR = click.option(
    "--state-dir", type=click.Path(file_okay=False), help="Where runs are recorded."
)
LAST = "last"


def _paths(state_dir: str | None) -> tuple[list[Path], Path]:
    """The records, the oldest first: a run's id begins with its time."""
    place = state_directory(state_dir) / "runs"
    for directory in (place.parent, place):
        check_directory(directory)
    return sorted(place.glob("*.jsonl")), place


def records_in(state_dir: str | None, last: int | None) -> tuple[list[Past], Path]:
    """The runs, the latest first, and where they are recorded."""
    paths, place = _paths(state_dir)
    return [_load_run(path) for path in paths[::-1][:last]], place


def _load_run(path: Path) -> Past:
    """One of many: that of somebody else, which cannot be read, hides no other."""
    try:
        return run_from_record(read_record(path))
    except OSError:
        return Past(path.stem, (), UNREADABLE, None)


def run_from_record(record: Record) -> Past:
    """A record as reports take it."""
    return past(record.lines, record.run, record.broken, at_work=record.at_work)


def found_run(state_dir: str | None, run: str) -> Path:
    """The record of a run by its id, a beginning of it, or ``last``.

    Raises UsageError when none or several are meant.
    """
    paths, place = _paths(state_dir)
    meant = paths[-1:] if run == LAST else [p for p in paths if p.stem.startswith(run)]
    exact = [path for path in meant if path.stem == run] or meant
    if len(exact) == 1:
        return exact[0]
    if not paths:
        raise UsageError(f"no runs are recorded in {place}")
    if not exact:
        raise UsageError(f"no run {run!r} in {place}; reconcile history lists them")
    names = ", ".join(path.stem for path in exact[:5]) + (", ..." if exact[5:] else "")
    raise UsageError(f"{run!r} is the beginning of {len(exact)} runs: {names}")

"""The records of past runs: where they are, and which one is meant."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from reconciler.cli.indexed_runs import (
    NONE,
    Outlines,
    indexed_record,
    outlined_record,
    outlines,
)
from reconciler.cli.state_place import state_directory
from reconciler.errors import UsageError
from reconciler.execution.journal import Record, read_record
from reconciler.model.plan import Plan
from reconciler.planning.review.attempts import Attempt, failures, with_attempts
from reconciler.reports.past_runs import UNREADABLE, Past, past
from reconciler.storage.private import RUNS, check_directory
from reconciler.system_errors import say_error

STATE_DIR = click.option(
    "--state-dir", type=click.Path(file_okay=False), help="Where runs are recorded."
)
LAST = "last"
MOST_RUNS = 50  # in which the last one that did something in a cluster is looked for


def _paths(state_dir: str | None) -> tuple[list[Path], Path]:
    """The records, the oldest first: a run's id begins with its time."""
    place = state_directory(state_dir) / RUNS
    for directory in (place.parent, place):
        check_directory(directory)
    return sorted(place.glob("*.jsonl")), place


def records_in(state_dir: str | None, last: int | None) -> tuple[list[Past], Path]:
    """The runs, the latest first, and where they are recorded."""
    paths, place = _paths(state_dir)
    meant = paths[::-1][:last]
    known = outlines(place.parent, meant[-1].stem) if meant else {}
    return [_load_run(path, known) for path in meant], place


def _load_run(path: Path, known: Outlines = NONE) -> Past:
    """One of many: that of somebody else, which cannot be read, hides no other."""
    try:
        return run_from_record(outlined_record(path, known) or read_record(path))
    except OSError:
        return Past(path.stem, (), UNREADABLE, None)


def load_record(path: Path) -> Record:
    """A run's record, from the database where the file is the one that was indexed.

    Raises OSError when the file cannot be read, or when others may have written it.
    """
    return indexed_record(path.parent.parent, path) or read_record(path)


class PastFailures:
    """What the last run of each cluster failed at, as far as it is on record here.

    Each record is read once, however many plans are told.
    """

    def __init__(self, state_dir: str | None) -> None:
        self._state_dir = state_dir
        self._unread: list[Path] | None = None  # the latest first
        self._found: dict[str, Mapping[str, Attempt]] = {}

    def tell(self, plan: Plan) -> Plan:
        """The plan with what failed. That records cannot be read is told, and stops no plan."""
        if self._unread is None:
            self._unread = self._listed()
        names = {cluster.name for cluster in plan.clusters}
        while self._unread and not names <= self._found.keys():
            run = _load_run(self._unread.pop(0))
            self._found = {**failures(run.run, run.lines), **self._found}
        return with_attempts(plan, self._found)

    def _listed(self) -> list[Path]:
        try:
            paths, _ = _paths(self._state_dir)
        except (UsageError, OSError) as error:
            click.echo(
                f"note: what earlier runs failed at is not known: {say_error(error)}", err=True
            )
            return []
        return paths[: -MOST_RUNS - 1 : -1]


# Of runs of a daemon or of a worker, which has a directory of its own.
ELSEWHERE = "those of a worker are on its machine: --state-dir DIRECTORY"


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
        raise UsageError(f"no runs are recorded in {place}; {ELSEWHERE}")
    if not exact:
        raise UsageError(
            f"no run {run!r} in {place}; reconcile history lists them; {ELSEWHERE}"
        )
    names = ", ".join(path.stem for path in exact[:5]) + (", ..." if exact[5:] else "")
    raise UsageError(
        f"{run!r} is the beginning of {len(exact)} runs: {names}; write more of it"
    )

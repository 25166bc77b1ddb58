"""Earlier runs as the database of a fleet has them, whichever worker they were of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.execution.journal import Record, parse_record
from reconciler.execution.run_index import record_of_outline
from reconciler.model.outcome import AT_WORK
from reconciler.planning.watching.strikes import Attempt
from reconciler.storage.database import Database, StateConnection
from reconciler.storage.runs import StoredRun, find_run, latest_runs, run_lines
from reconciler.watch.other_runs import GOOD, Glance, Verdict, Who, attempts_of, glance, settle

# Runs of a cluster that are asked for at a time: mostly the first one settles it.
PAGE = 8


@dataclass(frozen=True, slots=True)
class StoredRuns:
    """The records that workers have stored in their database. All raise StoreFailed."""

    database: Database

    def look(self, who: Who, now: datetime) -> Verdict:
        """What the last run that settles it says; in a fleet a name is one cluster's."""
        with self.database.reading() as connection:
            return settle(_glances(connection, who.name), Who(who.name), now)

    def attempts(self, run: str) -> tuple[Attempt, ...] | None:
        """What a run tried to heal; None as long as it is at work."""
        with self.database.reading() as connection:
            stored = find_run(connection, run)
            if stored is None:
                return ()
            record = _whole(connection, stored)
        return None if record.at_work else attempts_of(record)


def _glances(connection: StateConnection, cluster: str) -> Iterator[Glance]:
    """The latest first."""
    before = ""
    while found := latest_runs(connection, PAGE, before, cluster):
        for one in found:
            yield _glance(connection, one, cluster)
        before = found[-1].run


def _glance(connection: StateConnection, one: StoredRun, cluster: str) -> Glance:
    """By what a list of runs needs, if that is enough: only what began without a good end needs all."""
    if one.settled and one.outline is not None:
        short = glance(record_of_outline(one.run, one.outline))
        if short.heals or short.results.get(cluster) in GOOD:
            return short
    return glance(_whole(connection, one))


def _whole(connection: StateConnection, one: StoredRun) -> Record:
    texts = run_lines(connection, one.run)
    content = b"".join(text + b"\n" for text in texts)
    return parse_record(content, one.run, at_work=one.result == AT_WORK)

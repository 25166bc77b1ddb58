"""Where a worker keeps rounds: the database of its fleet, as long as the worker's life goes on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.execution.run_index import index_runs
from reconciler.model.watched import Round
from reconciler.storage.database import Database, StateConnection
from reconciler.storage.fleet_retention import FleetLimits, prune_fleet
from reconciler.storage.fleet_schedule import hold_wanted
from reconciler.storage.fleet_workers import database_now
from reconciler.storage.retention import Limits
from reconciler.watch.result import RoundResult
from reconciler.watch.state_rows import StateRows, record_result


@dataclass(slots=True)
class ServerDisk(StateRows):
    """The database of a fleet, as one life of a worker has it.

    ``records`` is where this worker's runs leave their records. Whatever is written begins with the
    question whether the life goes on: WorkerLost is a StoreFailed.
    """

    database: Database
    records: Path
    aside: Path | None = None

    def reading(self) -> AbstractContextManager[StateConnection]:
        """One moment of it. Raises StoreFailed."""
        return self.database.reading()

    def writing(self) -> AbstractContextManager[StateConnection]:
        """One transaction that writes. Raises StoreFailed; WorkerLost if the life is over."""
        return self.database.writing()

    def record(self, file: str, result: RoundResult, found: Round) -> None:
        """A round is one transaction, at the time of the database's clock: that of all workers.

        What nobody wants any more leaves nothing behind. Raises StoreFailed, WorkerLost.
        """
        with self.writing() as connection:
            if hold_wanted(connection, result.cluster):
                now = database_now(connection)
                record_result(connection, file, result, found, now)

    def prune(self, now: datetime) -> None:
        """In batches, so that nobody waits for long; its own runs are indexed, and nobody else does it
        at the same time. Raises StoreFailed, WorkerLost."""
        index_runs(self.database, self.records, now)
        more = True
        while more:
            with self.writing() as connection:
                more = prune_fleet(connection, Limits(rows=None), FleetLimits())

    def open_database(self) -> Database:
        """The database, for who writes something else in the same thread."""
        return self.database

    def close(self) -> None:
        """The database is closed by who opened it."""

"""Where rounds are kept on the disk: the database of a state directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.errors import StoreDamaged
from reconciler.execution.run_index import index_runs
from reconciler.model.watched import Round
from reconciler.storage.database import Database, StateConnection, open_state
from reconciler.storage.private import RUNS
from reconciler.storage.retention import Limits, give_back, prune
from reconciler.watch.memory import Known
from reconciler.watch.result import RoundResult
from reconciler.watch.state_rows import StateRows, record_result


@dataclass(slots=True)
class SqlDisk(StateRows):
    """The database of a state directory, opened when first needed and again after a failure to.

    One that turns out damaged is kept aside, and a new one begun.
    """

    directory: Path
    now: Callable[[], datetime]
    database: Database | None = None
    aside: Path | None = None

    def reading(self) -> AbstractContextManager[StateConnection]:
        """One moment of it. Raises StoreFailed."""
        return self._opened().reading()

    def writing(self) -> AbstractContextManager[StateConnection]:
        """One transaction that writes. Raises StoreFailed."""
        return self._opened().writing()

    def load(self) -> Mapping[str, Known]:
        """What was known of clusters, by name. Raises StoreFailed."""
        found = StateRows.load(self)
        self._tell_aside()
        return found

    def record(self, file: str, result: RoundResult, found: Round) -> None:
        """A round is one transaction. Raises StoreFailed; StoreDamaged after it was begun anew."""
        try:
            self._record(file, result, found)
        except StoreDamaged:
            self.close()
            self._record(file, result, found)
        self._tell_aside()

    def _record(self, file: str, result: RoundResult, found: Round) -> None:
        file = str(Path(file).absolute())
        with self.writing() as connection:
            record_result(connection, file, result, found, result.moment)

    def prune(self, now: datetime) -> None:
        """In batches, so that nobody waits for long; runs are indexed. Raises StoreFailed."""
        index_runs(self._opened(), self.directory / RUNS, now)
        more = True
        while more:
            with self.writing() as connection:
                more = prune(connection, Limits(), now).more
        give_back(self._opened())

    def close(self) -> None:
        """End its connections."""
        if self.database is not None:
            self.database.close()
        self.database = None

    def open_database(self) -> Database:
        """The database, for who writes something else in the same thread. Raises StoreFailed."""
        return self._opened()

    def _tell_aside(self) -> None:
        """Raises StoreDamaged, once, for a database that was begun in place of a damaged one."""
        if self.database is not None and self.database.aside not in {None, self.aside}:
            self.aside = self.database.aside
            words = f"was damaged: it is kept as {self.aside}, and a new one is begun"
            raise StoreDamaged(self.database.place, words)

    def _opened(self) -> Database:
        if self.database is None:
            self.database = open_state(self.directory, self.now())
        return self.database

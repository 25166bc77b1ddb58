"""The state that a daemon writes, as the pages read it: also one that is begun anew meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol

from reconciler.errors import StoreFailed
from reconciler.storage.database import Database, StateConnection, read_state
from reconciler.storage.private import STATE


class Reads(Protocol):
    """What has a state to read."""

    def reading(self) -> AbstractContextManager[StateConnection]:
        """One moment of it. Raises StoreFailed."""


@dataclass(slots=True)
class StateReader:
    """The database of a state directory, opened when it is first asked for.

    A damaged one is set aside by the daemon, and another stands in its place: it is told by its
    inode, and opened in turn.
    """

    directory: Path
    _database: Database | None = None
    _inode: int = 0
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def reading(self) -> Iterator[StateConnection]:
        """One moment of the state. Raises StoreFailed where there is none, or none to be read."""
        with self._opened().reading() as connection:
            yield connection

    def _opened(self) -> Database:
        path = self.directory / STATE
        with self._lock:
            inode = path.stat().st_ino if path.exists() else 0
            if self._database is None or inode != self._inode:
                self.close()
                self._database, self._inode = read_state(self.directory), inode
            if self._database is None:
                raise StoreFailed(str(path), "is not there yet")
            return self._database

    def close(self) -> None:
        """End its connections."""
        if self._database is not None:
            self._database.close()
        self._database = None

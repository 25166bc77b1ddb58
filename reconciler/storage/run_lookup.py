"""Runs looked up in the database of a state directory by who does nothing else with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from reconciler.storage.database import read_state
from reconciler.storage.runs import StoredRun, find_run, run_lines, run_outlines


def look_up_outlines(directory: Path, first: str) -> Mapping[str, tuple[str, bytes]]:
    """Stamp and outline by run, as ``run_outlines``; none where there is no database.

    Raises StoreFailed where it cannot be used.
    """
    with _reading(directory) as connection:
        return {} if connection is None else run_outlines(connection, first)


def look_up_run(directory: Path, run: str) -> tuple[StoredRun, Sequence[bytes]] | None:
    """A run with its lines; None where it is not stored, or where there is no database.

    Raises StoreFailed where it cannot be used.
    """
    with _reading(directory) as connection:
        if connection is None or (found := find_run(connection, run)) is None:
            return None
        return found, run_lines(connection, run)


@contextmanager
def _reading(directory: Path) -> Iterator[Connection | None]:
    if (database := read_state(directory)) is None:
        yield None
        return
    try:
        with database.reading() as connection:
            yield connection
    finally:
        database.close()

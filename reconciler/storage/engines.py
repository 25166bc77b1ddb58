"""Engines for SQLite and PostgreSQL: how they begin, wait and sync, and what their errors mean."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection as SQLite
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from reconciler.errors import StoreBusy, StoreDamaged, StoreFailed, StoreFull
from reconciler.storage.server_errors import name_server_error

# Milliseconds that one connection waits for another. One daemon writes, so it is only for backups.
BUSY = 5000
# Seconds for a connection to a server, where all are in use.
PATIENCE = 10
# Primary codes of sqlite3.h.
SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR, SQLITE_CORRUPT = 5, 6, 10, 11
SQLITE_FULL, SQLITE_NOTADB = 13, 26
# Bytes: what SQLite wants at once for the file that its connections share.
ROOM = 64 << 10
# What SQLite is told on each connection. FULL, for an approval must outlive a power cut; a round of
# a cluster is one transaction, so it costs one sync.
WRITING = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
)
# Not while tables are changed: SQLite does it by dropping them, and what hangs on their rows would go as well.
LINKED = "PRAGMA foreign_keys = ON"
# Only before there is anything: so what retention frees can be given back.
MAKING = "PRAGMA auto_vacuum = INCREMENTAL"
READING = ("PRAGMA query_only = ON",)
# An option of ours: what the transaction of this connection begins with.
BEGIN = "reconcile_begin"


def writing_engine(path: Path) -> Engine:
    """An engine for the one who writes a SQLite file."""
    return _sqlite(path, "rw", (*WRITING, LINKED))


def migrating_engine(path: Path) -> Engine:
    """An engine for who changes the tables of a SQLite file, which may be empty."""
    first = () if path.stat().st_size else (MAKING,)
    return _sqlite(path, "rw", (*first, *WRITING))


def reading_engine(path: Path) -> Engine:
    """An engine that changes nothing in a SQLite file that is there."""
    return _sqlite(path, "ro", READING)


def _sqlite(path: Path, mode: str, pragmas: tuple[str, ...]) -> Engine:
    name = quote(str(path.absolute()))
    engine = create_engine(f"sqlite:///file:{name}?mode={mode}&uri=true")

    @event.listens_for(engine, "connect")
    def prepare(connection: SQLite, _record: object) -> None:
        # The driver's own transactions begin too late, and leave reads outside (PEP 249's are older than WAL).
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY}")
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        words = connection.get_execution_options().get(BEGIN, "BEGIN")
        connection.exec_driver_sql(words)

    return engine


def server_engine(url: str, *, connections: int = 5) -> Engine:
    """An engine for a PostgreSQL server, with so many connections at most."""
    return create_engine(
        url, pool_pre_ping=True, pool_size=connections, max_overflow=0, pool_timeout=PATIENCE
    )


def hear_connections(engine: Engine, hear: Callable[[Any], None]) -> None:
    """``hear`` is told of each connection of the driver; those that were made before are closed."""
    engine.dispose()

    @event.listens_for(engine, "connect")
    def told(connection: Any, _record: object) -> None:
        hear(connection)


@contextmanager
def plain_errors(place: str) -> Iterator[None]:
    """Errors of a database become ours, by what is to be done about them.

    Raises StoreDamaged, StoreFull, StoreBusy, or StoreFailed.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreBusy(place, "is asked by too many at once") from error
    except DBAPIError as error:
        raise _named(place, error) from error


def _named(place: str, error: DBAPIError) -> StoreFailed:
    if hasattr(error.orig, "sqlstate"):
        return name_server_error(place, error)
    code = getattr(error.orig, "sqlite_errorcode", None)
    code = None if code is None else code & 0xFF  # the rest of an extended code says where
    words = str(error.orig).strip()
    if code in {SQLITE_CORRUPT, SQLITE_NOTADB}:
        return StoreDamaged(place, f"is damaged ({words})")
    if code == SQLITE_FULL or (code == SQLITE_IOERR and _is_full(place)):
        return StoreFull(place, "could not be written: there is no room left on its disk")
    if code in {SQLITE_BUSY, SQLITE_LOCKED}:
        return StoreBusy(place, f"is held by another program for {BUSY // 1000} s and longer")
    if code == SQLITE_IOERR:
        words = f"{words}; look at its disk, `dmesg` tells more"
    return StoreFailed(place, f"could not be used: {words}")


def _is_full(place: str) -> bool:
    """What is beside the file says no more than that it failed, where it finds no room."""
    with suppress(OSError):
        found = os.statvfs(Path(place).parent)
        return found.f_bavail * found.f_frsize < ROOM
    return False

"""The database of the state: opened by the one who writes it, or by who only reads."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection, Engine, insert, inspect, select, text

from reconciler.errors import StoreDamaged, StoreFailed, StoreOutdated
from reconciler.storage.engines import (
    BEGIN,
    migrating_engine,
    plain_errors,
    reading_engine,
    writing_engine,
)
from reconciler.storage.fleet_workers import require_alive
from reconciler.storage.private import NEW, PRIVATE, STATE, check_place, private_directory
from reconciler.storage.sql_tables import META, REVISION

# What the functions of this room work with; who calls them needs no other word of SQLAlchemy.
StateConnection: TypeAlias = Connection
# What SQLite has beside its file.
BESIDE = ("-wal", "-shm")
CREATED = "created"


@dataclass(frozen=True, slots=True)
class Database:
    """Where the state is. ``place`` is its file or its address; ``aside`` is where a damaged one is
    kept in whose place this one was begun, None if there was none. ``worker`` is the life of the worker
    that works with it, empty where one daemon has the state for itself.

    Its transactions block: a daemon calls them in one thread of their own.
    """

    engine: Engine
    place: str
    aside: Path | None = None
    worker: str = ""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that writes: all of it is durable afterwards, or nothing is there.

        Raises StoreDamaged, StoreFull, StoreBusy or StoreFailed; WorkerLost where the life of the
        worker is over.
        """
        options = {BEGIN: "BEGIN IMMEDIATE"}
        with (
            plain_errors(self.place),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            if self.worker:
                require_alive(connection, self.worker)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One moment of the database, whatever is written meanwhile.

        Raises StoreDamaged, StoreBusy or StoreFailed.
        """
        one_moment = {"isolation_level": "REPEATABLE READ"}
        options = one_moment if self.engine.dialect.name == "postgresql" else {}
        with (
            plain_errors(self.place),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """End its connections."""
        self.engine.dispose()


def open_state(directory: Path, now: datetime) -> Database:
    """The database in a state directory for who alone writes it (``hold_state``), with the tables of this version.

    One that is damaged is kept aside, and a new one is begun. Raises StoreOutdated for tables of a
    newer version, StoreFull, StoreBusy or StoreFailed where it cannot be written, UsageError where
    directory or file are not ours, OSError if they cannot be made.
    """
    private_directory(directory)
    path = directory / STATE
    check_place(path)
    try:
        return _opened(path, now)
    except StoreDamaged:
        aside = _set_aside(path, now)
        found = _opened(path, now)
        return Database(found.engine, found.place, aside)


def _opened(path: Path, now: datetime) -> Database:
    if not path.exists():
        os.close(os.open(path, NEW, PRIVATE))
    migrating = migrating_engine(path)
    try:
        with Database(migrating, str(path)).writing() as connection:
            _check_whole(connection, str(path))
            _upgrade(connection, str(path), now)
    finally:
        migrating.dispose()
    return Database(writing_engine(path), str(path))


def _check_whole(connection: Connection, place: str) -> None:
    """Raise StoreDamaged; only what is read of a damaged file fails by itself."""
    first = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if first != "ok":
        raise StoreDamaged(place, f"is damaged ({first})")


def _upgrade(connection: Connection, place: str, now: datetime) -> None:
    from reconciler.storage import migrations  # noqa: PLC0415  # alembic is slow to import

    if not migrations.knows_revision(found := migrations.current_revision(connection)):
        raise StoreOutdated(
            place,
            f"has tables of a newer version (revision {found}): start that version again, or "
            "move the file away, and a new one is begun",
        )
    migrations.upgrade_tables(connection)
    if found is None:
        connection.execute(insert(META), {"name": CREATED, "value": now.isoformat()})


# Whoever changes tables holds it; the number is the ASCII of "ocfs2".
MIGRATING = int.from_bytes(b"ocfs2", "big")


def read_state(directory: Path) -> Database | None:
    """The database of a state directory for who only reads it; None where there is none.

    Raises StoreOutdated for tables of another version, StoreFailed for what cannot be read or is
    not believed.
    """
    path = directory / STATE
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreFailed(str(path), f"cannot be read: {error.strerror}") from error
    _check_believed(path, found)
    database = Database(reading_engine(path), str(path))
    try:
        _check_revision(database)
    except BaseException:
        database.close()
        raise
    return database


def _check_believed(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise StoreFailed(str(path), "is not believed: it is no regular file")
    if found.st_uid not in {os.geteuid(), 0} or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StoreFailed(str(path), "is not believed: others may have written it")


def _check_revision(database: Database) -> None:
    with database.reading() as connection:
        told = inspect(connection).has_table("alembic_version")
        found = (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if told
            else None
        )
    if found != REVISION:
        words = f"has tables of another version (revision {found}, not {REVISION})"
        raise StoreOutdated(database.place, words)


def created_at(connection: Connection) -> datetime:
    """When the database was begun."""
    found = connection.execute(select(META.c.value).where(META.c.name == CREATED)).scalar_one()
    return datetime.fromisoformat(found).astimezone(UTC)


def _set_aside(path: Path, now: datetime) -> Path:
    """A damaged database under another name, with all that SQLite has beside it."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    for end in ("", *BESIDE):
        source = path.with_name(f"{path.name}{end}")
        if source.exists():
            source.rename(aside.with_name(f"{aside.name}{end}"))
    return aside

"""The database of a fleet: made and upgraded by one, used by many, also by two versions side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, text
from sqlalchemy.schema import CreateSchema

from reconciler.errors import StoreFailed, StoreOutdated
from reconciler.storage.database import CREATED, MIGRATING, Database
from reconciler.storage.engines import server_engine
from reconciler.storage.fleet_identity import Identity, make_identity
from reconciler.storage.fleet_workers import ALIVE, workers
from reconciler.storage.meta_words import read_word, write_word
from reconciler.storage.server_address import ServerAddress, for_reading, for_writing
from reconciler.storage.server_errors import NO_FLEET, REMEDIES
from reconciler.storage.sql_tables import COMPATIBLE_FROM, META, REVISION

COMPATIBLE = "compatible_from"
VERSIONS = "alembic_version"  # alembic's own
ASKED = "SELECT version_num FROM alembic_version"
# The first revision that knows a fleet.
FIRST = "0004"
# Connections of a worker; each of its threads has one at a time.
CONNECTIONS = 5
# Of who shows pages: each page that is asked for has one.
READERS = 16


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of a database: its identity, the revision before (None: no tables) and now."""

    identity: Identity
    before: str | None
    revision: str


def init_fleet(address: ServerAddress, now: datetime) -> Prepared:
    """The database has the tables of this version and an identity; what is there stays.

    Raises StoreOutdated for tables of a newer version, StoreFailed where it cannot be made so.
    """
    from reconciler.storage import migrations  # noqa: PLC0415  # alembic is slow to import

    with _migrating(address) as connection:
        before = migrations.current_revision(connection)
        if not migrations.knows_revision(before):
            raise _newer(address.place, before)
        migrations.upgrade_tables(connection)
        if before is None:
            row = {"name": CREATED, "value": now.isoformat()}
            connection.execute(insert(META), row)
        write_word(connection, COMPATIBLE, COMPATIBLE_FROM)
        return Prepared(make_identity(connection), before, REVISION)


def step_back(address: ServerAddress, revision: str) -> Prepared:
    """The tables become those of an older version; what only the newer one keeps is lost.

    Raises StoreFailed while workers are alive, and for a revision that knows no fleet.
    """
    from reconciler.storage import migrations  # noqa: PLC0415  # alembic is slow to import

    with _migrating(address) as connection:
        _check_known(connection, address)
        before = migrations.current_revision(connection)
        if not (migrations.knows_revision(revision) and FIRST <= revision <= (before or "")):
            words = f"has revision {before}: a step back goes to one from {FIRST} on"
            raise StoreFailed(address.place, words)
        if alive := [one.id for one in workers(connection) if one.state == ALIVE]:
            words = f"has workers that are alive ({', '.join(alive)}): stop them first"
            raise StoreFailed(address.place, words)
        migrations.downgrade_tables(connection, revision)
        write_word(connection, COMPATIBLE, min(COMPATIBLE_FROM, revision))
        return Prepared(make_identity(connection), before, revision)


def open_fleet(address: ServerAddress) -> Database:
    """The database for a worker. It makes and changes no tables.

    Raises StoreOutdated where there are none that this version can work with, StoreFailed where it
    cannot be used.
    """
    return _checked(for_writing(address), CONNECTIONS)


def read_fleet(address: ServerAddress) -> Database:
    """The database for who only reads; raises as ``open_fleet``."""
    return _checked(for_reading(address), READERS)


def _checked(address: ServerAddress, connections: int) -> Database:
    engine = server_engine(address.url, connections=connections)
    found = Database(engine, address.place)
    try:
        with found.reading() as connection:
            _check_known(connection, address)
            _check_revision(connection, address.place)
    except BaseException:
        found.close()
        raise
    return found


@contextmanager
def _migrating(address: ServerAddress) -> Iterator[Connection]:
    """One transaction of who alone changes tables, in our schema, which is made if it is missing."""
    address = for_writing(address)
    found = Database(server_engine(address.url), address.place)
    try:
        with found.writing() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
            if not _has_schema(connection, address.schema):
                connection.execute(CreateSchema(address.schema))
            yield connection
    finally:
        found.close()


def _has_schema(connection: Connection, schema: str) -> bool:
    asked = text("SELECT to_regnamespace(:name) IS NOT NULL")
    return bool(connection.execute(asked, {"name": f'"{schema}"'}).scalar())


def _check_known(connection: Connection, address: ServerAddress) -> None:
    """Raise StoreFailed where our tables may not be seen, StoreOutdated where there are none."""
    if connection.execute(text(f"SELECT to_regclass('{VERSIONS}')")).scalar() is not None:
        return
    named = {"name": address.schema}
    asked = text("SELECT has_schema_privilege(:name, 'USAGE')")
    if (
        _has_schema(connection, address.schema)
        and not connection.execute(asked, named).scalar()
    ):
        words = REMEDIES["database-rights"].format(f"no usage of schema {address.schema}")
        raise StoreFailed(address.place, words, "database-rights")
    words = NO_FLEET.format(f"in schema {address.schema}")
    raise StoreOutdated(address.place, words, "database-tables")


def _check_revision(connection: Connection, place: str) -> None:
    """Raise StoreOutdated for tables that this version cannot work with; revisions sort by age."""
    found = connection.execute(text(ASKED)).scalar() or ""
    if found < REVISION:
        words = (
            f"has tables of an older version (revision {found}, not {REVISION}): "
            "run `reconcile fleet init`"
        )
        raise StoreOutdated(place, words, "database-tables")
    if found > REVISION and not (read_word(connection, COMPATIBLE) or "9999") <= REVISION:
        raise _newer(place, found)


def _newer(place: str, found: str | None) -> StoreOutdated:
    words = (
        f"has tables of a newer version (revision {found}, this one knows {REVISION}): "
        "start that version again, or step back with it"
    )
    return StoreOutdated(place, words, "database-newer")

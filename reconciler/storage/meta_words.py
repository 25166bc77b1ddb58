"""Words about the state itself, by name: of two who change one, the second sees what the first wrote."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from reconciler.storage.sql_tables import META
from reconciler.storage.upserts import insert_new


def read_word(connection: Connection, name: str) -> str | None:
    """What is kept under a name; None if nothing is."""
    return connection.execute(select(META.c.value).where(META.c.name == name)).scalar()


def begin_word(connection: Connection, name: str, value: str) -> str:
    """What is kept under a name, ``value`` if nothing was; nobody else changes it until the transaction ends."""
    insert_new(connection, META, {"name": name, "value": value})
    asked = select(META.c.value).where(META.c.name == name).with_for_update()
    found: str = connection.execute(asked).scalar_one()
    return found


def write_word(connection: Connection, name: str, value: str) -> None:
    """``value`` is kept under a name from now on."""
    if begin_word(connection, name, value) != value:
        connection.execute(update(META).where(META.c.name == name).values(value=value))

"""Which fleet a database is of, and how far it has come: another or an older one is not taken for it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, inspect

from reconciler.errors import StoreFailed
from reconciler.storage.meta_words import begin_word, read_word, write_word
from reconciler.storage.sql_tables import META

FLEET, LIFE = "fleet", "life"


@dataclass(frozen=True, slots=True)
class Identity:
    """``fleet`` is made once; ``life`` is the number of the last life of a worker that began."""

    fleet: str
    life: int


def make_identity(connection: Connection) -> Identity:
    """The identity of the database, made if it has none."""
    fleet = begin_word(connection, FLEET, str(uuid.uuid4()))
    return Identity(fleet, int(begin_word(connection, LIFE, "0")))


def read_identity(connection: Connection) -> Identity | None:
    """The identity of the database; None if it is no fleet's."""
    if not inspect(connection).has_table(META.name):
        return None
    fleet = read_word(connection, FLEET)
    return None if fleet is None else Identity(fleet, int(read_word(connection, LIFE) or 0))


def next_life(connection: Connection) -> int:
    """The number of a new life. Raises StoreFailed where the database is no fleet's."""
    if read_word(connection, FLEET) is None:
        place = connection.engine.url.render_as_string(hide_password=True)
        raise StoreFailed(place, "is no fleet's: run `reconcile fleet init` first")
    number = int(begin_word(connection, LIFE, "0")) + 1
    write_word(connection, LIFE, str(number))
    return number

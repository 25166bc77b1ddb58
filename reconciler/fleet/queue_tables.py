"""The tables of Procrastinate, in a schema of their own: made, or upgraded by its own steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, LiteralString, TypeAlias

import psycopg
from procrastinate.schema import SchemaManager

from reconciler.errors import StoreFailed
from reconciler.fleet.sessions import conninfo
from reconciler.storage.database import MIGRATING
from reconciler.storage.server_address import ServerAddress, for_writing

SCHEMA = "procrastinate"
# What the comment of the schema says: up to which of its steps the tables have come.
MARK = "up to "
KNOWN = "SELECT obj_description(to_regnamespace(%s), 'pg_namespace')"
JOBS = "SELECT to_regclass(%s) IS NOT NULL"
# A step that ends what an older version still calls has this in its name.
FOR_NEWER_ONLY = "_post_"
AT_WORK = (
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '60 s'"
)

Session: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"


def prepare_queue(address: ServerAddress) -> None:
    """The schema has the tables of this version of Procrastinate; what is in them stays.

    Raises StoreFailed where it cannot be made so, or while workers run that would not know them.
    """
    try:
        with psycopg.connect(conninfo(for_writing(address).url)) as session:
            session.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATING])
            _prepare(session, address.place)
    except psycopg.errors.InsufficientPrivilege as error:
        words = f"does not allow to make the queue: {_line(error)}"
        raise StoreFailed(address.place, words, "database-rights") from error
    except psycopg.Error as error:
        words = f"could not be given a queue: {_line(error)}"
        raise StoreFailed(address.place, words) from error


def _prepare(session: Session, place: str) -> None:
    if not _ask(session, "SELECT to_regnamespace(%s) IS NOT NULL", SCHEMA):
        session.execute(f"CREATE SCHEMA {SCHEMA}")
    session.execute(f"SET LOCAL search_path = {SCHEMA}")
    steps = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    if not _ask(session, JOBS, f"{SCHEMA}.procrastinate_jobs"):
        session.execute(SchemaManager.get_schema())
    else:
        comment = _ask(session, KNOWN, SCHEMA) or ""
        come = comment.partition(MARK)[2]
        due = [step for step in steps if step.name > come] if come else []
        if any(FOR_NEWER_ONLY in step.name for step in due) and _ask(session, AT_WORK):
            words = "has workers that would not know the tables of its queue: stop them first"
            raise StoreFailed(place, words)
        for step in due:
            session.execute(step.read_bytes())
    session.execute(f"COMMENT ON SCHEMA {SCHEMA} IS 'Procrastinate {MARK}{steps[-1].name}'")


def _ask(session: Session, query: LiteralString, *values: str) -> Any:
    row = session.execute(query, values).fetchone()
    return None if row is None else row[0]


def _line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())

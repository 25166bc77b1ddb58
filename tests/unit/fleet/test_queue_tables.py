"""The tables of Procrastinate are made, and upgraded by its own steps, in a schema of their own."""

from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager

from reconciler.errors import StoreFailed
from reconciler.fleet.queue_tables import MARK, SCHEMA, prepare_queue
from reconciler.fleet.sessions import conninfo
from reconciler.storage.server_address import server_address

# The newest of Procrastinate's steps that an older version of it had.
OLDER = "03.03.00_01_pre_priority_lock_fetch_job.sql"
SHAPE = """
SELECT 'function', p.oid::regprocedure::text FROM pg_proc p
WHERE pronamespace = 'procrastinate'::regnamespace
UNION ALL SELECT table_name, column_name || ' ' || data_type FROM information_schema.columns
WHERE table_schema = 'procrastinate'
UNION ALL SELECT 'enum', enumlabel FROM pg_enum ORDER BY 1, 2
"""


@pytest.fixture
def address(fleets):
    return server_address(fleets.empty())


def ask(address, *statements):
    with psycopg.connect(conninfo(address.url), autocommit=True) as session:
        for statement in statements:
            cursor = session.execute(statement)
        return cursor.fetchall() if cursor.description else None


def mark(address) -> str:
    ((found,),) = ask(address, f"SELECT obj_description('{SCHEMA}'::regnamespace)")
    return found.partition(MARK)[2]


def steps() -> list[Path]:
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


def make_older(address) -> None:
    """As an older version of Procrastinate has left it, with a job."""
    due = [step.read_bytes() for step in steps() if step.name <= OLDER]
    path = f"SET search_path = {SCHEMA}"
    ask(address, f"CREATE SCHEMA {SCHEMA}", path, *due)
    ask(address, f"COMMENT ON SCHEMA {SCHEMA} IS 'Procrastinate {MARK}{OLDER}'")
    job = "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('north', 'look')"
    ask(address, path, job)


def test_it_is_made_once_and_apart_from_our_tables(address):
    prepare_queue(address)
    assert mark(address) == steps()[-1].name
    shape = ask(address, SHAPE)
    prepare_queue(address)
    assert ask(address, SHAPE) == shape
    assert ask(address, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_an_older_queue_becomes_as_a_new_one_and_keeps_its_jobs(address, fleets):
    make_older(address)
    prepare_queue(address)
    new = server_address(fleets.empty())
    prepare_queue(new)
    assert ask(address, SHAPE) == ask(new, SHAPE)
    assert mark(address) == mark(new)
    assert ask(address, "SELECT count(*) FROM procrastinate.procrastinate_jobs") == [(1,)]


def test_workers_that_would_not_know_the_new_queue_are_stopped_first(address):
    make_older(address)
    ask(address, f"INSERT INTO {SCHEMA}.procrastinate_workers DEFAULT VALUES")
    with pytest.raises(StoreFailed, match="stop them first"):
        prepare_queue(address)
    assert mark(address) == OLDER
    ask(address, "DELETE FROM procrastinate.procrastinate_workers")
    prepare_queue(address)

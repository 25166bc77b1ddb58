"""The database of a fleet on a real server: made once, upgraded, used by two versions; errors by name."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from reconciler.errors import StoreFailed, StoreOutdated
from reconciler.storage import server_address as server_address_
from reconciler.storage.clusters import add_cluster, count_clusters
from reconciler.storage.database import created_at
from reconciler.storage.fleet_database import (
    COMPATIBLE,
    init_fleet,
    open_fleet,
    read_fleet,
    step_back,
)
from reconciler.storage.fleet_identity import read_identity
from reconciler.storage.fleet_workers import Life, begin_life, end_life
from reconciler.storage.meta_words import read_word, write_word
from reconciler.storage.server_address import ServerAddress, server_address
from reconciler.storage.sql_tables import REVISION
from tests.unit.storage.moments import EPOCH, at

NEXT = "0099"


def ask(url: str, *statements: str) -> None:
    """As who may do anything, outside of any transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for one in statements:
            connection.execute(text(one))
    engine.dispose()


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """A database for one test."""
    ask(server, "CREATE DATABASE fleet")
    yield server.replace("/postgres?", "/fleet?")
    ask(server, "DROP DATABASE fleet WITH (FORCE)")


@pytest.fixture
def address(url: str) -> ServerAddress:
    return server_address(url)


def test_it_is_made_once_in_a_schema_of_its_own(address, url):
    with pytest.raises(StoreOutdated, match=r"^database-tables: .*run `reconcile fleet init`"):
        open_fleet(address)
    first = init_fleet(address, EPOCH)
    assert (first.before, first.revision) == (None, REVISION)
    again = init_fleet(address, at(1))
    assert (again.before, again.identity) == (REVISION, first.identity)
    found = open_fleet(address)
    with found.reading() as connection:
        assert created_at(connection) == EPOCH
        assert read_identity(connection) == first.identity
        schemas = "SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname !~ '^(pg_|info)'"
        assert connection.execute(text(schemas)).scalars().all() == ["reconcile"]
    found.close()


def test_two_who_make_it_at_once_make_one(address):
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: init_fleet(address, EPOCH), range(2)))
    assert made[0].identity == made[1].identity
    assert {one.before for one in made} == {None, REVISION}


def test_the_schema_is_the_one_that_the_address_names(url):
    text_ = f"{url}&options=-c%20search_path%3Dours"
    init_fleet(server_address(text_), EPOCH)
    open_fleet(server_address(text_)).close()
    with pytest.raises(StoreOutdated, match="in schema reconcile"):
        open_fleet(server_address(url))


def test_who_reads_cannot_write(address):
    init_fleet(address, EPOCH)
    found = read_fleet(address)
    with pytest.raises(StoreFailed, match=r"^database-read-only") as told, found.writing() as c:
        add_cluster(c, "/f", "c", EPOCH)
    assert told.value.code == "database-read-only"
    with found.reading() as connection:
        assert count_clusters(connection) == 0
    found.close()


def revise(url: str, revision: str, compatible: str) -> None:
    """As a made-up later version leaves it."""
    ask(
        url,
        f"UPDATE reconcile.alembic_version SET version_num = '{revision}'",  # noqa: S608  # our own
        f"UPDATE reconcile.meta SET value = '{compatible}' WHERE name = '{COMPATIBLE}'",  # noqa: S608  # our own
        "ALTER TABLE reconcile.clusters ADD COLUMN IF NOT EXISTS later text",
    )


def test_two_versions_work_side_by_side_as_long_as_the_newer_one_says_so(address, url):
    init_fleet(address, EPOCH)
    revise(url, NEXT, REVISION)
    found = open_fleet(address)
    with found.writing() as connection:
        begin_life(connection, Life("old", (), "h", 1, "1", 1))
        add_cluster(connection, "/f", "c", EPOCH)
        assert count_clusters(connection) == 1
    found.close()
    revise(url, NEXT, NEXT)
    for call in (open_fleet, read_fleet):
        with pytest.raises(StoreOutdated, match=r"^database-newer: .*revision 0099"):
            call(address)
    with pytest.raises(StoreOutdated, match="database-newer"):
        init_fleet(address, EPOCH)


def test_older_tables_are_upgraded_by_init_alone(address, url):
    init_fleet(address, EPOCH)
    step_back(address, "0004")
    with pytest.raises(StoreOutdated, match=r"older version \(revision 0004.*fleet init"):
        open_fleet(address)
    assert init_fleet(address, EPOCH).before == "0004"
    open_fleet(address).close()


def test_a_step_back_keeps_what_is_there_and_waits_for_workers_to_stop(address):
    identity = init_fleet(address, EPOCH).identity
    found = open_fleet(address)
    with found.writing() as connection:
        add_cluster(connection, "/f", "c", EPOCH)
        begin_life(connection, Life("w1", (), "h", 1, "1", 1))
    with pytest.raises(StoreFailed, match=r"alive \(w1\): stop them first"):
        step_back(address, "0004")
    with pytest.raises(StoreFailed, match="a step back goes to one from 0004 on"):
        step_back(address, "0003")
    with found.writing() as connection:
        end_life(connection, "w1")
    made = step_back(address, "0004")
    assert (made.before, made.revision, made.identity.fleet) == (
        REVISION,
        "0004",
        identity.fleet,
    )
    init_fleet(address, EPOCH)
    with found.reading() as connection:
        assert count_clusters(connection) == 1
    found.close()


def test_an_error_of_a_server_has_a_name_and_a_remedy(address, url, server):
    init_fleet(address, EPOCH)
    ask(url, "CREATE ROLE nobody_here LOGIN")
    cases = {
        "database-missing": url.replace("/fleet?", "/nothing?"),
        "database-login": url.replace("://postgres@", "://unknown@"),
        "database-unreachable": "postgresql://127.0.0.1:1/fleet",
        "database-rights": url.replace("://postgres@", "://nobody_here@"),
    }
    try:
        for code, wrong in cases.items():
            with pytest.raises(StoreFailed, match=rf"^{code}: ") as told:
                open_fleet(server_address(wrong))
            assert told.value.code == code
            assert "\n" not in str(told.value)
    finally:
        ask(server, "DROP ROLE nobody_here")


def test_who_makes_it_needs_rights(address, url, server):
    ask(url, "CREATE ROLE nobody_here LOGIN")
    try:
        with pytest.raises(StoreFailed, match=r"^database-rights: .*roles\.sql"):
            init_fleet(server_address(url.replace("://postgres@", "://nobody_here@")), EPOCH)
    finally:
        ask(server, "DROP ROLE nobody_here")


def test_a_session_that_has_ended_is_told_and_the_next_call_has_another(address, url):
    init_fleet(address, EPOCH)
    found = open_fleet(address)

    def ask_late() -> None:
        with found.reading() as connection:
            ask(url, f"{END} AND datname = 'fleet'")
            count_clusters(connection)

    with pytest.raises(StoreFailed, match=r"^database-unreachable"):
        ask_late()
    with found.reading() as connection:
        assert count_clusters(connection) == 0
    found.close()


END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"


def test_who_is_stopped_in_the_midst_of_a_transaction_holds_up_nobody_for_long(
    address, monkeypatch
):
    init_fleet(address, EPOCH)
    short = {"idle_in_transaction_session_timeout": 1, "lock_timeout": 60}
    monkeypatch.setattr(server_address_, "BOUNDS", short)
    stopped, other = open_fleet(address), open_fleet(address)

    def stop() -> None:
        with stopped.writing() as connection:
            write_word(connection, "word", "of who is stopped")
            with other.writing() as waiting:  # until the server has ended the first
                write_word(waiting, "word", "of another")

    with pytest.raises(StoreFailed, match=r"^database-unreachable"):
        stop()
    with other.reading() as connection:
        assert read_word(connection, "word") == "of another"
    stopped.close()
    other.close()

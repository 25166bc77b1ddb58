"""A backup by pg_dump is a fleet's database again; workers that have seen more refuse it."""

import subprocess

import pytest

from reconciler.errors import StoreFailed
from reconciler.execution.author import now
from reconciler.fleet.dispatch import dispatching
from reconciler.fleet.known_database import KnownDatabase
from reconciler.fleet.queue_tables import prepare_queue
from reconciler.fleet.sessions import conninfo
from reconciler.model.watched import Reading, Round
from reconciler.storage.cluster_conditions import standing_conditions
from reconciler.storage.clusters import add_cluster
from reconciler.storage.fleet_database import init_fleet, open_fleet
from reconciler.storage.fleet_identity import read_identity
from reconciler.storage.fleet_schedule import due_clusters, fleet_clusters
from reconciler.storage.fleet_turns import begin_turn, turn_history
from reconciler.storage.fleet_workers import Life, begin_life
from reconciler.storage.rounds import record_round
from reconciler.storage.server_address import server_address
from tests.fleets import want
from tests.installed import require_program
from tests.unit.storage.moments import EPOCH

ROUND = Round(1, "s", "d", (Reading("cluster/alpha", "Blocked", "True", "r", "m"),))


def run(program: str, *words: str) -> None:
    found = require_program(program, "postgresql-client")
    subprocess.run([found, *words], check=True, capture_output=True)


def contents(database):
    with database.reading() as connection:
        cluster = add_cluster_id(connection)
        conditions = standing_conditions(connection, cluster)
        turns = turn_history(connection, "alpha", 9)
        return read_identity(connection), fleet_clusters(connection), conditions, turns


def add_cluster_id(connection) -> int:
    return add_cluster(connection, "/alpha.yaml", "alpha", EPOCH)


@pytest.fixture
def dumped(fleets, tmp_path):
    """The database of a fleet, and another that was restored from its backup."""
    first, second = server_address(fleets.new()), server_address(fleets.empty())
    database = open_fleet(first)
    want(database, ["alpha"])
    with database.writing() as connection:
        record_round(connection, add_cluster_id(connection), ROUND, EPOCH)
        begin_life(connection, Life("w1", ("default",), "h", 1, "1", 1))
        begin_turn(connection, "alpha", "look", "w1", "")
    backup = str(tmp_path / "fleet.dump")
    run("pg_dump", "-Fc", "-d", conninfo(first.url), "-f", backup)
    run("pg_restore", "--exit-on-error", "-d", conninfo(second.url), backup)
    yield database, second
    database.close()


async def test_what_was_in_it_is_there_again_and_works(dumped):
    database, address = dumped
    restored = open_fleet(address)
    assert contents(restored) == contents(database)
    assert init_fleet(address, now()).identity == contents(database)[0]
    prepare_queue(address)
    with restored.writing() as connection:
        assert (
            due_clusters(connection, "default", 9) == []
        )  # its turn goes on, until it is swept
        assert begin_life(connection, Life("w2", (), "h", 1, "1", 1)) == 2
        want_id = begin_turn(connection, "beta", "look", "w2", "")
        assert want_id is not None
    async with dispatching(conninfo(address.url)) as dispatch:
        assert await dispatch.defer("alpha", "default")
    restored.close()


def test_a_worker_that_has_seen_more_refuses_it(dumped, tmp_path):
    database, address = dumped
    known = KnownDatabase(tmp_path / "worker/fleet.json", database.place)
    with database.writing() as connection:
        begin_life(connection, Life("w2", (), "h", 1, "1", 1))
        known.remember(read_identity(connection))
    restored = open_fleet(address)
    with restored.reading() as connection, pytest.raises(StoreFailed) as told:
        known.check(connection)
    assert told.value.code == "fleet-database-older"
    restored.close()

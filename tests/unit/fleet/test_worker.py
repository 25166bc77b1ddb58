"""A worker of a fleet, in this process: what it finds of clusters stands in the database."""

import asyncio
import json
import os
import signal
from contextlib import asynccontextmanager

import pytest

from reconciler import telemetry
from reconciler.execution.author import new_run, now
from reconciler.fleet.fleet_worker import Worker, WorkerParts
from reconciler.loading.fleet_settings import load_fleet
from reconciler.storage.cluster_documents import load_document
from reconciler.storage.clusters import named_clusters
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_files import fleet_file_of, fleet_source
from reconciler.storage.fleet_schedule import request
from reconciler.storage.fleet_turns import turn_history
from reconciler.storage.fleet_workers import workers
from reconciler.storage.server_address import server_address
from reconciler.watch.systemd import Supervisor
from tests.bench.watched_fleet import Answers
from tests.contract.queue.kinds import GUARD, until
from tests.fleets import want_files

SETTINGS = """
version: 1
database: env:RECONCILE_DATABASE
source: {directory: /nowhere}
interval: 1h
"""


@pytest.fixture(scope="module")
def answers():
    return Answers()


@asynccontextmanager
async def worker_of(database, url, directory, run_on, settings=SETTINGS, **more):
    """A worker that is ended by a signal at the end of the block."""
    parts = WorkerParts(
        fleet=load_fleet("fleet.yaml", settings),
        zones=["default"],
        address=server_address(url),
        database=database,
        directory=directory,
        run_on=run_on,
        supervisor=Supervisor({}),
        wall=now,
        new_run=new_run,
        slots=4,
        **more,
    )
    worker = Worker(parts)
    running = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(GUARD):
            yield worker
            os.kill(os.getpid(), signal.SIGTERM)
            assert await running == signal.SIGTERM
    finally:
        running.cancel()
        await asyncio.wait([running])


def read(database, call):
    with database.reading() as connection:
        return call(connection)


async def test_a_cluster_that_is_wanted_is_looked_at_and_stands_in_the_database(
    fleets, answers, tmp_path
):
    url = fleets.new()
    database = open_fleet(server_address(url))
    want_files(database, {"cluster0000": answers.text(0)})

    async def looked_at():
        past = read(database, lambda c: turn_history(c, "cluster0000", 9))
        return past if past and past[0].ended else None

    tried = []
    async with worker_of(
        database, url, tmp_path / "state", answers.run_on, try_again=tried.extend
    ):
        (turn,) = await until(looked_at)
        assert (turn.kind, turn.result) == ("look", "done")
        (life,) = read(database, workers)
        assert (life.state, life.zones, life.pid) == ("alive", ("default",), os.getpid())
        (stored,) = read(database, lambda c: named_clusters(c, {"cluster0000"}))
        assert (stored.seen is not None, tried) == (True, [])
        with database.writing() as connection:
            request(connection, ["cluster0000"])

        async def is_tried():
            return tried == ["cluster0000"]

        await until(is_tried)  # hosts that failed are not left alone
    database = open_fleet(server_address(url))
    assert [life.state for life in read(database, workers)] == ["ended"]
    database.close()


async def test_a_database_that_goes_away_ends_a_life_and_no_worker(
    fleets, answers, tmp_path, capfd
):
    url = fleets.new()
    database = open_fleet(server_address(url))
    events = []

    async def find(name):
        return [one for one in events if one["event"] == name]

    with telemetry.logging(
        telemetry.Detail("info", "json"), lambda line: events.append(json.loads(line))
    ):
        async with worker_of(database, url, tmp_path / "state", answers.run_on):
            await until(lambda: find("worker-began"))
            name = url.partition("?")[0].rpartition("/")[2]
            ours = f"pg_stat_activity WHERE datname = '{name}'"
            fleets.run(f"SELECT pg_terminate_backend(pid) FROM {ours}")  # noqa: S608  # our own name
            (died,) = await until(lambda: find("worker-died"))

            async def begins_anew():
                return len(await find("worker-began")) == 2

            await until(begins_anew)
    assert (died["again"], "its life is over (" in died["message"]) == (1.0, True), died
    assert capfd.readouterr().err == ""


async def test_a_worker_takes_over_what_a_repository_says(
    fleets, answers, tmp_path, repository
):
    commit = repository.push({"a.yaml": answers.text(0)})
    source = f"{{git: '{repository.address}', path: clusters, every: 1s}}"
    settings = SETTINGS.replace("{directory: /nowhere}", source)
    url = fleets.new()
    database = open_fleet(server_address(url))

    async def looked_at():
        past = read(database, lambda c: turn_history(c, "cluster0000", 9))
        return past if past and past[0].ended else None

    async with worker_of(database, url, tmp_path / "state", answers.run_on, settings):
        (turn,) = await until(looked_at)
        assert (turn.kind, turn.result) == ("look", "done")
        assert read(database, lambda c: fleet_file_of(c, "cluster0000")).commit == commit
        (stored,) = read(database, lambda c: named_clusters(c, {"cluster0000"}))
        for kind in ("plan", "status"):
            text, _at = read(database, lambda c: load_document(c, stored.id, kind))  # noqa: B023  # called at once
            document = json.loads(text)
            assert (document["commit"], document["ref"]) == (commit, "main")
        second = repository.push({"a.yaml": answers.text(1)})

        async def taken():
            found = read(database, fleet_source)
            return found if found.commit == second else None

        assert (await until(taken)).problem == ""
        assert read(database, lambda c: fleet_file_of(c, "cluster0000")) is None

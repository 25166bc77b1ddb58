"""What befalls workers of a fleet: nothing is lost, and no cluster ever has two of them.

Workers are processes, PostgreSQL is a real one. Who was at work on a cluster is what its hosts say.
"""

import asyncio
import re
import signal
import tempfile
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from reconciler.errors import StoreFailed
from reconciler.fleet.sessions import conninfo
from reconciler.storage.clusters import named_clusters
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_turns import turn_history
from reconciler.storage.fleet_workers import workers
from reconciler.storage.server_address import server_address
from tests.bench.watched_fleet import Answers
from tests.fleet_hosts import Hosts, serving
from tests.fleet_processes import GUARD, socket_of, way_to, worker_process
from tests.fleets import want_files
from tests.postgresql import control_server, postgresql

NAMES = ("cluster0000", "cluster0001", "cluster0002")
HELD = NAMES[0]


@pytest.fixture(scope="module")
def answers():
    return Answers()


class Stage:
    """A database, hosts, and workers."""

    def __init__(self, url, place, hosts):
        self.url, self.place, self.hosts = url, place, hosts
        self.database = open_fleet(server_address(url))
        self.count, self.names = 0, ()

    def want(self, answers, zones):
        """The clusters of these zones are wanted, and no others."""
        self.names = tuple(name for names in zones.values() for name in names)
        numbers = {name: int(name.removeprefix("cluster")) for name in self.names}
        texts = {
            name: re.sub("(?m)^- ", f"- zone: {zone}\n  ", answers.text(numbers[name]), count=1)
            for zone, names in zones.items()
            for name in names
        }
        zone_of = {name: zone for zone, names in zones.items() for name in names}
        want_files(self.database, texts, zone_of)

    def worker(self, url=None, interval="1h", zones=("default",), **more):
        self.count += 1
        fleet = {
            "version": 1,
            "database": "env:X",
            "source": {"directory": "/nowhere"},
            "interval": interval,
            "zones": [{"name": zone} for zone in zones],
        }
        words = {
            "url": url or self.url,
            "directory": str(self.place / f"w{self.count}"),
            "hosts": str(self.place / "hosts"),
            "fleet": fleet,
        }
        return worker_process(**words | more)

    def read(self, call):
        with self.database.reading() as connection:
            return call(connection)

    def turns(self, name=HELD):
        """Who had the turns of a cluster, and what came of them, the first one first."""
        past = self.read(lambda c: turn_history(c, name, 99))
        return [(turn.worker, turn.result) for turn in reversed(past)]

    async def until_turns(self, name=HELD, count=1):
        """That many turns have ended."""
        while sum(bool(result) for _, result in self.turns(name)) < count:  # noqa: ASYNC110  # other processes end them
            await asyncio.sleep(0.05)
        return self.turns(name)

    async def until_read(self, name=HELD):
        """Its turns, once the server answers."""
        while True:
            with suppress(StoreFailed):
                return self.turns(name)
            await asyncio.sleep(0.2)

    def states(self):
        return {life.id: life.state for life in self.read(workers)}

    def check(self):
        """No cluster has ever had two workers, by what its hosts noted.

        Who came later than another is not followed by that one again, but in another turn.
        """
        for name in self.names:
            turns = iter(self.turns(name))
            for life in self.hosts.blocks(name):
                assert any(by == life for by, _ in turns), (name, self.hosts.blocks(name))


@pytest.fixture
async def stage(fleets, answers):
    with tempfile.TemporaryDirectory(prefix="fleet-", dir="/tmp") as folder:
        place = Path(folder)
        async with serving(Hosts(answers.run_on), str(place / "hosts")) as hosts:
            made = Stage(fleets.new(), place, hosts)
            made.want(answers, {"default": NAMES})
            try:
                async with asyncio.timeout(GUARD):
                    yield made
                made.check()
            finally:
                made.database.close()


@asynccontextmanager
async def with_one_at_work(stage, **more):
    """A worker that has the turn of a cluster whose hosts do not answer."""
    stage.hosts.held.add(HELD)
    async with stage.worker(**more) as one:
        await stage.hosts.until_asked(HELD)
        yield one


def assert_taken_over(turns, one, other):
    """The first lost its only turn, and the other had one more, in whichever life on a busy machine."""
    assert turns[0] == (one.lives[0], "lost")
    assert turns[-1][1] == "done"
    assert {life for life, _ in turns[1:]} <= set(other.lives)


async def test_what_a_killed_worker_had_another_takes_over(stage):
    async with with_one_at_work(stage) as one, stage.worker() as other:
        one.send(signal.SIGKILL)
        killed = asyncio.get_running_loop().time()
        taken = await stage.hosts.until_asked(HELD, but=one.lives[0])
        print(f"\ntaken over {taken - killed:.1f} s after kill -9")
        stage.hosts.let_go(HELD)
        turns = await stage.until_turns(count=2)
    assert_taken_over(turns, one, other)
    assert stage.states()[one.lives[0]] == "lost"


async def test_a_worker_that_was_stopped_and_goes_on_after_it_was_taken_over_does_nothing_more(
    stage,
):
    async with with_one_at_work(stage) as one, stage.worker() as other:
        one.send(signal.SIGSTOP)
        await stage.hosts.until_asked(HELD, but=one.lives[0])
        stage.hosts.let_go(HELD)
        await stage.until_turns(count=2)
        (before,) = stage.read(lambda c: named_clusters(c, {HELD}))
        asked = [by for _, _, by in stage.hosts.asked].count(one.lives[0])
        one.send(signal.SIGCONT)
        await one.until("worker-began", 2)  # it has another life now
        assert [by for _, _, by in stage.hosts.asked].count(one.lives[0]) == asked
        assert_taken_over(stage.turns(), one, other)
        (after,) = stage.read(lambda c: named_clusters(c, {HELD}))
        # The cluster was made due, and its old job was put back, too: who lives may look once more.
        turns = stage.turns()
        assert after == before or len(turns) > 2
        assert one.lives[0] not in {life for life, _ in turns[1:]}
        assert await one.end() == 0
        assert await other.end() == 0
    assert stage.states()[one.lives[0]] == "lost"


async def test_a_worker_that_the_database_does_not_hear_is_dead_to_itself_before_others_have_its_clusters(
    stage,
):
    async with (
        way_to(stage.url, stage.place / "way") as (url, way),
        with_one_at_work(stage, url=url) as one,
        stage.worker() as other,
    ):
        way.cut()
        await one.until("worker-died")
        await stage.hosts.until_asked(HELD, but=one.lives[0])
        asked = [by for _, _, by in stage.hosts.asked].count(one.lives[0])
        stage.hosts.let_go(HELD)
        await stage.until_turns(count=2)
        way.mend()
        await one.until("worker-began", 2)
        assert [by for _, _, by in stage.hosts.asked].count(one.lives[0]) == asked
        assert_taken_over(stage.turns(), one, other)


async def test_a_database_that_restarts_under_load_loses_no_cluster_and_doubles_none(
    stage, answers
):
    names = tuple(f"cluster{number:04}" for number in range(12))
    stage.want(answers, {"default": names})
    workers_ = [stage.worker(interval="1s") for _ in range(3)]
    async with workers_[0] as one, workers_[1] as two, workers_[2] as three:
        for name in names:
            await stage.until_turns(name)
        began = asyncio.get_running_loop().time()
        place = str(Path(socket_of(stage.url)).parent)
        await asyncio.to_thread(control_server, place, "restart", "-m", "immediate")
        for worker in (one, two, three):
            await worker.until("worker-began", 2)
        before = {name: len(stage.turns(name)) for name in names}
        for name in names:
            await stage.until_turns(name, before[name] + 1)
        seconds = asyncio.get_running_loop().time() - began
        print(
            f"\nPostgreSQL restarted: each of 12 clusters had its next turn within {seconds:.1f} s"
        )
        for worker in (one, two, three):
            assert await worker.end() == 0
    for name in names:
        assert {result for _, result in stage.turns(name)} <= {"done", "lost", "cancelled"}


async def test_an_empty_standby_is_refused_by_name_and_the_database_is_taken_again(stage):
    name = stage.url.partition("?")[0].rpartition("/")[2]
    with postgresql() as other:
        with psycopg.connect(conninfo(other), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        async with (
            way_to(stage.url, stage.place / "way") as (url, way),
            stage.worker(url=url) as one,
        ):
            await stage.until_turns()
            primary, way.target = way.target, socket_of(other)
            way.mend()
            while "fleet-database-other" not in (await one.until("worker-died"))["message"]:
                one.events.clear()
            asked = len(stage.hosts.asked)
            way.target = primary
            way.mend()
            await one.until("worker-began", 1)
            assert len(stage.hosts.asked) == asked
            with psycopg.connect(
                conninfo(other).replace("/postgres?", f"/{name}?")
            ) as connection:
                made = connection.execute(
                    "SELECT count(*) FROM pg_tables WHERE schemaname !~ '^(pg_|inf)'"
                )
                assert made.fetchone() == (0,)


async def test_a_site_that_does_not_answer_holds_up_no_other(stage, answers):
    north = tuple(f"cluster{number:04}" for number in range(10, 16))
    stage.want(answers, {"north": north, "south": NAMES})
    stage.hosts.held.update(north)
    zones = ("north", "south")
    async with stage.worker(interval="1s", zones=zones, slots=4) as one:
        for name in NAMES:
            await stage.until_turns(name, 3)
        going = [name for name in north if stage.turns(name)]
        assert len(going) == 2  # its share
        assert all(result == "" for name in going for _, result in stage.turns(name))
        for name in north:
            stage.hosts.let_go(name)
        for name in north:
            await stage.until_turns(name)
        assert await one.end() == 0

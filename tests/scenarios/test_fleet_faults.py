"""What befalls workers of a fleet: nothing is lost, and no cluster ever has two of them.

Workers are processes, PostgreSQL is a real one. Who was at work on a cluster is what its hosts say.
"""

import asyncio
import signal
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reconciler.storage.clusters import named_clusters
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_turns import turn_history
from reconciler.storage.fleet_workers import workers
from reconciler.storage.server_address import server_address
from tests.bench.watched_fleet import Answers
from tests.fleet_hosts import Hosts, serving
from tests.fleet_processes import GUARD, way_to, worker_process
from tests.fleets import want_files

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
        self.count = 0

    def worker(self, url=None, interval="1h", **more):
        self.count += 1
        fleet = {
            "version": 1,
            "database": "env:X",
            "source": {"directory": "/nowhere"},
            "interval": interval,
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

    def states(self):
        return {life.id: life.state for life in self.read(workers)}

    def check(self):
        """No cluster has ever had two workers, by what its hosts noted.

        Who came later than another is not followed by that one again, but in another turn.
        """
        for name in NAMES:
            turns = iter(self.turns(name))
            for life in self.hosts.blocks(name):
                assert any(by == life for by, _ in turns), (name, self.hosts.blocks(name))


@pytest.fixture
async def stage(fleets, answers):
    with tempfile.TemporaryDirectory(prefix="fleet-", dir="/tmp") as folder:
        place = Path(folder)
        async with serving(Hosts(answers.run_on), str(place / "hosts")) as hosts:
            made = Stage(fleets.new(), place, hosts)
            want_files(made.database, {n: answers.text(i) for i, n in enumerate(NAMES)})
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


async def test_what_a_killed_worker_had_another_takes_over(stage):
    async with with_one_at_work(stage) as one, stage.worker() as other:
        one.send(signal.SIGKILL)
        killed = asyncio.get_running_loop().time()
        taken = await stage.hosts.until_asked(HELD, other.lives[0])
        print(f"\ntaken over {taken - killed:.1f} s after kill -9")
        stage.hosts.let_go(HELD)
        turns = await stage.until_turns(count=2)
    assert turns == [(one.lives[0], "lost"), (other.lives[0], "done")]
    assert stage.states()[one.lives[0]] == "lost"


async def test_a_worker_that_was_stopped_and_goes_on_after_it_was_taken_over_does_nothing_more(
    stage,
):
    async with with_one_at_work(stage) as one, stage.worker() as other:
        one.send(signal.SIGSTOP)
        await stage.hosts.until_asked(HELD, other.lives[0])
        stage.hosts.let_go(HELD)
        turns = await stage.until_turns(count=2)
        (before,) = stage.read(lambda c: named_clusters(c, {HELD}))
        asked = [by for _, _, by in stage.hosts.asked].count(one.lives[0])
        one.send(signal.SIGCONT)
        await one.until("worker-began", 2)  # it has another life now
        assert [by for _, _, by in stage.hosts.asked].count(one.lives[0]) == asked
        assert stage.turns() == turns == [(one.lives[0], "lost"), (other.lives[0], "done")]
        assert stage.read(lambda c: named_clusters(c, {HELD})) == [before]
        assert await one.end() == 0
        assert await other.end() == 0
    assert sorted(stage.states().values()) == ["ended", "ended", "lost"]


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
        asked = [by for _, _, by in stage.hosts.asked].count(one.lives[0])
        assert stage.turns() == [(one.lives[0], "")]  # not yet taken over
        await stage.hosts.until_asked(HELD, other.lives[0])
        stage.hosts.let_go(HELD)
        await stage.until_turns(count=2)
        way.mend()
        await one.until("worker-began", 2)
        assert [by for _, _, by in stage.hosts.asked].count(one.lives[0]) == asked
        assert stage.turns() == [(one.lives[0], "lost"), (other.lives[0], "done")]

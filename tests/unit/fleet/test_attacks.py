"""What must not happen to a fleet's turns: none is lost for ever, none begins that is not wanted."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import psycopg
import pytest
from procrastinate.jobs import Status
from sqlalchemy import text

from reconciler.errors import StoreBusy
from reconciler.fleet.dispatch import LifeJobs, Slots, dispatching
from reconciler.fleet.holds import Holds
from reconciler.fleet.scheduling import MOST, Ticks
from reconciler.fleet.server_queue import ServerQueue
from reconciler.fleet.sessions import conninfo
from reconciler.fleet.transactions import Transactions
from reconciler.fleet.worker_turns import Kit, Turns
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_schedule import fleet_clusters, pause, request, resume
from reconciler.storage.fleet_turns import turn_history
from reconciler.storage.fleet_workers import database_now
from reconciler.storage.rollout_turns import claim_apply
from reconciler.storage.rollouts import Enrolled, Rollout, begin_wave, new_rollout
from reconciler.storage.server_address import server_address
from tests.contract.queue.kinds import HOUR, until
from tests.fleets import want
from tests.unit.fleet.queued import Fleet, life_of

WAITING = """
SELECT pid FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""

END_WAITING = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.fixture
async def fleet(fleets):
    url = fleets.new()
    database = open_fleet(server_address(url))
    want(database, "ab")
    state = Transactions(database)
    async with dispatching(conninfo(url)) as dispatch:
        made = Fleet(url, state, dispatch)
        made.database = database
        yield made
    await state.close()


@asynccontextmanager
async def lock_rows(fleet, query):
    """Rows that somebody else has locked, until the end of the block."""
    connection = await psycopg.AsyncConnection.connect(fleet.info)
    async with connection, connection.transaction():
        await connection.execute(query)
        yield


@asynccontextmanager
async def turns_of(fleet, look, *zones):
    """Turns of a worker in these zones; rollouts do what looks do."""
    async with life_of(fleet, clock=lambda: 0.0) as life:
        yield Turns(fleet.state, life, Kit(look, look), zones or ("default",), HOUR)


def never():
    return False


class Looks:
    """Of which clusters there was a look."""

    def __init__(self):
        self.names = []

    async def take(self, name):
        self.names.append(name)
        return True


async def test_a_turn_that_is_cancelled_while_it_begins_has_its_end_in_the_database(fleet):
    """Else the cluster never had another turn as long as that worker lives."""
    looks = Looks()
    async with turns_of(fleet, looks.take) as turns:
        async with lock_rows(fleet, "SELECT * FROM reconcile.fleet_clusters FOR UPDATE"):
            taking = asyncio.create_task(turns.take("a", never))
            await until(lambda: fleet.ask(WAITING))
            taking.cancel()
            await asyncio.sleep(0)
        with suppress(asyncio.CancelledError):
            await taking
        (turn,) = await until(lambda: fleet.state.read(lambda c: turn_history(c, "a", 9)))
        assert turn.result == "cancelled"
        assert looks.names == []
        await turns.take("a", never)
        assert looks.names == ["a"]


async def test_a_worker_that_cannot_tell_the_end_of_a_job_is_over(fleet):
    """Else the job would stay its own, and with its lock the cluster had no other."""
    async with life_of(fleet, clock=lambda: 0.0) as life:
        jobs = LifeJobs(fleet.dispatch.app.connector, life, Slots(["default"], 4))
        number = await jobs.register_worker()
        await fleet.dispatch.defer("a", "default")
        job = await jobs.fetch_job(["default"], number)
        async with lock_rows(
            fleet, "SELECT * FROM procrastinate.procrastinate_jobs FOR UPDATE"
        ):
            finishing = asyncio.create_task(
                jobs.finish_job(job, Status.SUCCEEDED, delete_job=True)
            )
            await until(lambda: fleet.ask(END_WAITING))
            await finishing
        assert await fleet.statuses() == [("a", "doing")]
        assert "could not be told" in life.why


async def test_a_cluster_that_moves_to_another_zone_does_not_wait_for_workers_of_the_first(
    fleet,
):
    ticks = Ticks({"default": 4}, fleet.state, fleet.dispatch)
    assert await ticks.fill("default") == 2
    want(fleet.database, "ab", "north")  # and nobody works in the other any more
    moved = Ticks({"north": 4}, fleet.state, fleet.dispatch)
    assert await moved.fill("north") == 2
    assert await fleet.ask("SELECT DISTINCT queue_name FROM procrastinate_jobs") == [("north",)]


async def test_a_worker_begins_nothing_in_a_zone_that_it_does_not_serve(fleet):
    looks = Looks()
    want(fleet.database, "ab", "north")
    async with turns_of(fleet, looks.take) as turns:
        await turns.take("a", never)
        assert looks.names == []
        await replace(turns, zones=("north",)).take("a", never)
    assert looks.names == ["a"]


async def test_a_job_that_waited_before_a_pause_begins_nothing(fleet):
    looks = Looks()
    async with turns_of(fleet, looks.take) as turns:
        await fleet.state.write(lambda c: pause(c, ["a"], "alice: by hand"))
        await turns.take("a", never)
        assert looks.names == []
        await fleet.state.write(lambda c: resume(c, ["a"]))
        await turns.take("a", never)
    assert looks.names == ["a"]


async def test_a_tick_gives_so_many_jobs_at_once_as_its_transaction_has_time_for(fleet):
    want(fleet.database, [f"c{number}" for number in range(MOST + 1)])
    ticks = Ticks({"default": 1000}, fleet.state, fleet.dispatch)
    assert [await ticks.fill("default"), await ticks.fill("default")] == [MOST, 1]


@pytest.mark.parametrize("is_asked_for", [True, False])
async def test_a_turn_that_somebody_gives_up_comes_again_in_an_interval_and_else_at_once(
    fleet, is_asked_for
):
    """Also where it asks for its own next turn, as one that is in the midst of a rollout."""
    begun = asyncio.Event()

    async def work(name):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await fleet.state.write(lambda c: request(c, [name]))

    async with turns_of(fleet, work) as turns:
        taking = asyncio.create_task(turns.take("a", lambda: is_asked_for))
        await begun.wait()
        taking.cancel()
        with suppress(asyncio.CancelledError):
            await taking
    one, _ = await fleet.state.read(fleet_clusters)
    now = await fleet.state.read(database_now)
    assert (one.due > now) == is_asked_for
    (turn,) = await fleet.state.read(lambda c: turn_history(c, "a", 9))
    assert turn.result == "cancelled"


STOP = (
    "UPDATE reconcile.rollouts SET state = 'stopping'",
    "UPDATE reconcile.rollout_clusters SET state = 'not-begun' WHERE state IN ('waiting', 'due')",
)


async def test_a_rollout_that_stops_and_a_turn_that_begins_do_not_wait_in_a_circle(fleet):
    """Else the life of a worker ended with all its turns, where the first of a wave failed at once."""

    def begin(connection):
        now = database_now(connection)
        one = Rollout("r1", now, "alice", "c1", ("rest",), 0.0, "going", "", None)
        new_rollout(connection, one, [Enrolled(name, 1, "p", "{}", "[]") for name in "ab"])
        begin_wave(connection, "r1", "ab")

    await fleet.state.write(begin)
    connection = await psycopg.AsyncConnection.connect(fleet.info)
    async with connection, connection.transaction():
        first, second = STOP
        await connection.execute(first)
        taking = asyncio.create_task(fleet.state.write(lambda c: claim_apply(c, "a", "run1")))
        await until(lambda: fleet.ask(WAITING))
        await connection.execute(second)
    assert await taking is None


HOLD = "SELECT name FROM reconcile.fleet_clusters WHERE name = '{}' FOR UPDATE"


async def test_of_two_that_wait_for_each_other_a_worker_begins_anew(fleet):
    calls = []

    def both(connection):
        calls.append(1)
        for name in "ab":
            connection.execute(text(HOLD.format(name)))

    connection = await psycopg.AsyncConnection.connect(fleet.info)
    async with connection, connection.transaction():
        await connection.execute(
            "SET LOCAL deadlock_timeout = '1h'"
        )  # it is not the one that ends
        await connection.execute(HOLD.format("b"))
        writing = asyncio.create_task(fleet.state.write(both))
        await until(lambda: fleet.ask(WAITING))
        await connection.execute(HOLD.format("a"))
    await writing
    assert len(calls) > 1


async def test_who_loses_twice_steps_back_and_tries_again(fleet):
    """PostgreSQL undoes a loser before the winner wakes: one that begins at once may lose again."""
    losses = iter(range(2))

    def lose(_connection):
        if next(losses, None) is not None:
            raise StoreBusy(
                fleet.database.place, "is held by somebody else (deadlock detected)"
            )
        return "done"

    assert await fleet.state.write(lose) == "done"


async def test_who_loses_always_is_told_so(fleet):
    def lose(_connection):
        raise StoreBusy(fleet.database.place, "is held by somebody else (deadlock detected)")

    with pytest.raises(StoreBusy, match="deadlock"):
        await fleet.state.write(lose)


async def test_the_lock_of_a_cluster_is_none_of_the_fleet_whatever_its_name(fleet):
    """Else a cluster of that name kept the dead from being found, as long as it had its turn."""
    async with life_of(fleet, clock=lambda: 0.0) as life:
        for name in ("sweep", "tick default"):
            assert await Holds(life).take(name)
        await fleet.ask("UPDATE workers SET seen = now() - interval '9 s'")
        (lost,) = await fleet.sweeps.sweep()
        assert lost.id == "w1"


async def test_a_zone_may_have_the_longest_name(fleet):
    """PostgreSQL takes 63 bytes for a channel, and that of a queue has more than its name."""
    zone = "z" * 63
    want(fleet.database, "ab", zone)
    assert await Ticks({zone: 4}, fleet.state, fleet.dispatch).fill(zone) == 2
    queue = ServerQueue(fleet.info, fleet.state, {zone: 4}, HOUR)
    looks = Looks()
    running = asyncio.create_task(queue.run(looks.take))

    async def are_looked_at():
        return sorted(looks.names) == ["a", "b"]

    await until(are_looked_at)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running

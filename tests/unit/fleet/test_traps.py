"""What is known to go wrong with a queue on PostgreSQL, each by its own test."""

import asyncio
import gc
import logging
import threading
from contextlib import nullcontext, suppress
from io import StringIO

import psycopg
import pytest
from procrastinate.jobs import Status

from reconciler.errors import StoreFailed, WorkerLost
from reconciler.fleet import server_queue
from reconciler.fleet.dispatch import LifeJobs, Slots, dispatching, work_on
from reconciler.fleet.holds import Holds, lock_key
from reconciler.fleet.lives import OWN_SILENT
from reconciler.fleet.scheduling import Ticks
from reconciler.fleet.server_queue import ServerQueue
from reconciler.fleet.sessions import conninfo, open_session
from reconciler.fleet.transactions import Transactions
from reconciler.fleet.worker_turns import Kit
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_schedule import fleet_clusters, pause, request
from reconciler.storage.fleet_turns import begin_turn, turn_history
from reconciler.storage.fleet_workers import database_now, workers
from reconciler.storage.server_address import server_address
from tests.contract.queue.kinds import GUARD, HOUR, until
from tests.fleets import want
from tests.unit.fleet.queued import Fleet, life_of

NAMES = tuple("abcde")


@pytest.fixture
async def fleet(fleets):
    url = fleets.new()
    database = open_fleet(server_address(url))
    want(database, NAMES)
    state = Transactions(database)
    async with dispatching(conninfo(url)) as dispatch:
        yield Fleet(url, state, dispatch)
    await state.close()


async def test_a_stalled_job_is_done_again(fleet):
    _job, number = await fleet.fetch()
    await fleet.sweeps.sweep()
    assert await fleet.statuses() == [("a", "doing")]
    await fleet.silence(number)
    await fleet.sweeps.sweep()
    assert await fleet.statuses() == [("a", "todo")]
    assert await fleet.ask("SELECT id FROM procrastinate_workers") == []


async def test_so_is_one_whose_worker_was_pruned_before_it_was_found(fleet):
    _job, number = await fleet.fetch()
    await fleet.silence(number)
    await fleet.jobs.prune_stalled_workers(8)
    await fleet.sweeps.sweep()
    assert await fleet.statuses() == [("a", "todo")]


async def test_a_worker_that_starts_leaves_no_job_of_the_dead_behind(fleet):
    _job, number = await fleet.fetch()
    await fleet.silence(number)
    taken = asyncio.Event()

    async def work(name):
        if name == "a":
            taken.set()
        return True

    queue = ServerQueue(fleet.info, fleet.state, {"default": 1}, HOUR)
    running = asyncio.create_task(queue.run(work))
    await taken.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_stalled_job_whose_cluster_waits_again_is_given_up_for_that_one(fleet):
    _job, number = await fleet.fetch()
    assert await fleet.dispatch.defer("a", "default")
    await fleet.silence(number)
    await fleet.sweeps.sweep()
    assert await fleet.statuses() == [("a", "failed"), ("a", "todo")]


async def test_a_sweep_is_no_job_and_one_that_hangs_holds_up_nobody_for_longer_than_its_session(
    fleet,
):
    _job, number = await fleet.fetch()
    await fleet.silence(number)
    hung = await psycopg.AsyncConnection.connect(fleet.info)
    await hung.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key("sweep")])
    await fleet.sweeps.sweep()
    assert await fleet.statuses() == [("a", "doing")]
    await hung.close()
    await until(lambda: _swept(fleet))
    names = {name for name in fleet.dispatch.app.tasks if "procrastinate" not in name}
    assert names == set()  # but for that of turns, which a worker registers


async def _swept(fleet):
    await fleet.sweeps.sweep()
    return await fleet.statuses() == [("a", "todo")]


async def test_what_a_person_cancels_ends_aborted_and_not_failed(fleet):
    begun = asyncio.Event()

    async def work(_name):
        begun.set()
        await asyncio.Event().wait()

    queue = ServerQueue(fleet.info, fleet.state, {"default": 1}, HOUR)
    running = asyncio.create_task(queue.run(work))
    await begun.wait()
    assert await queue.cancel(["a"]) == ["a"]
    await until(lambda: fleet.ask("SELECT 1 FROM procrastinate_jobs WHERE status = 'aborted'"))
    (turn,) = await fleet.state.read(lambda c: turn_history(c, "a", 9))
    assert turn.result == "cancelled"
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("ends", ["by a signal", "with its session"])
async def test_a_life_ends_although_a_job_beside_it_loses_a_cancellation(
    fleet, monkeypatch, ends
):
    """As in ``asyncio.wait_for`` of Python 3.11, by which the pool of connections waits."""
    monkeypatch.setattr(server_queue, "AGAIN", 0.01)
    begun, lost = asyncio.Event(), []

    async def beside():
        while True:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append(1)

    async def work(_name):
        return True

    queue = ServerQueue(fleet.info, fleet.state, {"default": 1}, HOUR)
    living = asyncio.create_task(
        queue.live(lambda _life: nullcontext(Kit(work, beside=(beside,))))
    )
    await begun.wait()
    if ends == "by a signal":
        living.cancel()
    else:
        queue.life.end("it was given up")
    await asyncio.wait([living], timeout=GUARD)
    assert (living.done(), lost) == (True, [1])
    assert living.cancelled() or isinstance(living.exception(), WorkerLost)


async def test_a_turn_that_lasts_long_is_not_taken_twice_for_that(fleet):
    begun = asyncio.Event()

    async def work(_name):
        begun.set()
        await asyncio.Event().wait()

    queue = ServerQueue(fleet.info, fleet.state, {"default": 1}, HOUR)
    running = asyncio.create_task(queue.run(work))
    await begun.wait()
    (first, *_rest) = await fleet.state.read(fleet_clusters)
    assert first.name == "a"
    now = await fleet.state.read(database_now)
    assert (first.due - now).total_seconds() > HOUR  # but for who is asked for meanwhile
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_who_waits_already_keeps_no_other_from_its_job(fleet):
    assert await fleet.dispatch.defer("c", "default")
    ticks = Ticks({"default": 9}, fleet.state, fleet.dispatch)
    assert await ticks.fill("default") == 5
    assert sorted(await fleet.statuses()) == [(name, "todo") for name in NAMES]


async def test_jobs_that_ended_do_not_pile_up(fleet):
    queue = ServerQueue(fleet.info, fleet.state, {"default": 9}, HOUR)

    async def work(name):
        return name != "b"

    running = asyncio.create_task(queue.run(work))

    async def is_done():
        turns = [await queue.history(name, 9) for name in NAMES]
        return all(past and past[0].ended for past in turns)

    await until(is_done)
    await until(lambda: _are_none(fleet))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    job, _number = await fleet.fetch("z")
    await fleet.jobs.finish_job(job, Status.FAILED, delete_job=False)
    await fleet.dispatch.remove_old()
    assert await fleet.statuses() == [("z", "failed")]
    await fleet.ask("UPDATE procrastinate_events SET at = at - interval '25 h'")
    await fleet.dispatch.remove_old()
    assert await fleet.statuses() == []


async def _are_none(fleet):
    return await fleet.statuses() == []


async def test_a_loop_that_was_blocked_ends_the_life_and_nothing_is_done_in_its_name(fleet):
    now = [0.0]
    async with life_of(fleet, clock=lambda: now[0]) as life:
        holds = Holds(life)
        assert await holds.take("a")
        jobs = LifeJobs(fleet.dispatch.app.connector, life, Slots(["default"], 4))
        number = await jobs.register_worker()
        await fleet.dispatch.defer("a", "default")
        job = await jobs.fetch_job(["default"], number)
        await fleet.dispatch.defer("b", "default")
        now[0] = OWN_SILENT + 0.1
        assert life.is_over
        assert await jobs.fetch_job(["default"], number) is None
        await jobs.finish_job(job, Status.SUCCEEDED, delete_job=True)
        assert await fleet.statuses() == [("a", "doing"), ("b", "todo")]
        with pytest.raises(WorkerLost):
            await holds.take("b")


async def test_who_wakes_ends_no_job_that_another_has_by_now(fleet):
    async with life_of(fleet) as life:
        jobs = LifeJobs(fleet.dispatch.app.connector, life, Slots(["default"], 4))
        number = await jobs.register_worker()
        await fleet.dispatch.defer("a", "default")
        job = await jobs.fetch_job(["default"], number)
        await fleet.silence(number)
        await fleet.sweeps.sweep()
        other = await fleet.jobs.register_worker()
        assert (await fleet.jobs.fetch_job(["default"], other)).id == job.id
        await jobs.finish_job(job, Status.SUCCEEDED, delete_job=True)
        assert await fleet.statuses() == [("a", "doing")]


async def test_who_was_given_up_has_no_turns_no_locks_and_writes_nothing(fleet):
    async with life_of(fleet) as life:
        assert await Holds(life).take("a")
        await fleet.state.write_as("w1", lambda c: begin_turn(c, "a", "look", "w1", ""))
        await fleet.ask("UPDATE workers SET seen = now() - interval '9 s'")
        (lost,) = await fleet.sweeps.sweep()
        assert lost.id == "w1"
        (turn,) = await fleet.state.read(lambda c: turn_history(c, "a", 9))
        assert turn.result == "lost"
        with pytest.raises(WorkerLost):
            await fleet.state.write_as("w1", lambda c: request(c, ["a"]))
        await life.beat()
        assert life.is_over
        async with life_of(fleet, "w2") as other:
            assert await until(lambda: Holds(other).take("a"))
        (row,) = [one for one in await fleet.state.read(workers) if one.id == "w1"]
        assert row.state == "lost"


async def test_a_bound_holds_over_all_workers(fleet):
    ticks = [Ticks({"default": 2}, fleet.state, fleet.dispatch) for _ in range(3)]
    filled = await asyncio.gather(*(one.fill("default") for one in ticks))
    assert sum(filled) == 2
    assert [await one.fill("default") for one in ticks] == [0, 0, 0]
    assert len(await fleet.statuses()) == 2
    due = await fleet.state.read(fleet_clusters)
    first, last = min(one.due for one in due), max(one.due for one in due)
    assert (last - first).total_seconds() >= 59  # a job that is lost is made anew


async def test_who_is_paused_when_it_has_its_job_already_has_no_turn(fleet):
    ticks = Ticks({"default": 9}, fleet.state, fleet.dispatch)
    assert await ticks.fill("default") == 5
    await fleet.state.write(lambda c: pause(c, ["a", "b"], "why"))
    turns = []

    async def work(name):
        turns.append(name)
        return True

    queue = ServerQueue(fleet.info, fleet.state, {"default": 9}, HOUR)
    running = asyncio.create_task(queue.run(work))
    await until(lambda: _are_none(fleet))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert sorted(turns) == ["c", "d", "e"]


def test_a_zone_that_is_slow_leaves_others_their_share():
    slots = Slots(["north", "south", "west"], 9)
    for _ in range(3):
        assert slots.open_zones() == ["north", "south", "west"]
        slots.going["north"] += 1
    assert slots.open_zones() == ["south", "west"]
    slots.going["south"] += 3
    slots.going["west"] += 2
    assert slots.open_zones() == ["west"]


async def test_a_server_that_is_not_there_is_told_as_such(tmp_path):
    with pytest.raises(StoreFailed, match="cannot be reached"):
        await open_session(f"postgresql:///x?host={tmp_path}", "name")
    with pytest.raises(StoreFailed) as found:
        await open_session("postgresql://carol:secret@127.0.0.1:1/x", "name")
    told = str(found.value)
    begin = (
        "database-unreachable: the state in postgresql://carol@127.0.0.1:1/x cannot be reached"
    )
    assert (told.startswith(begin), found.value.code) == (True, "database-unreachable")
    assert ("start it, or correct the address" in told, "\n" in told, "secret" in told) == (
        True,
        False,
        False,
    )


async def test_jobs_that_get_no_connection_are_trouble_of_the_database_as_any_other(fleet):
    await fleet.dispatch.pool.close()
    for doing in (
        work_on(fleet.dispatch, Slots(["default"], 1), 1.0),
        fleet.sweeps.sweep(),
        Ticks({"default": 9}, fleet.state, fleet.dispatch).fill("default"),
    ):
        with pytest.raises(StoreFailed) as found:
            await doing
        assert found.value.code == "database-unreachable"


async def test_what_the_driver_tells_by_itself_is_no_line_of_a_log(fleet):
    await fleet.statuses()
    told = StringIO()
    logging.getLogger().addHandler(handler := logging.StreamHandler(told))
    try:
        for name in ("psycopg", "psycopg.pool", "procrastinate"):
            logging.getLogger(name).warning("error ignored in rollback")
            assert logging.getLogger(name).hasHandlers()  # else Python's last resort is stderr
    finally:
        logging.getLogger().removeHandler(handler)
    assert told.getvalue() == ""


async def test_trouble_of_a_transaction_that_nobody_waits_for_any_more_is_no_news(fleet):
    told, begun, going = [], threading.Event(), threading.Event()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: told.append(what))

    def fail(_connection):
        begun.set()
        going.wait(GUARD)
        raise StoreFailed("place", "fails")

    waiting = asyncio.create_task(fleet.state.read(fail))
    await asyncio.to_thread(begun.wait, GUARD)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    going.set()
    del waiting
    await fleet.state.read(database_now)
    gc.collect()
    await asyncio.sleep(0)
    assert told == []


async def test_whose_turn_somebody_asks_for_is_told_before_it_begins(fleet):
    heard = []
    queue = ServerQueue(fleet.info, fleet.state, {"default": 9}, HOUR)

    async def work(_name):
        return True

    running = asyncio.create_task(
        queue.live(lambda _life: nullcontext(Kit(work, hear=heard.append)))
    )

    async def turns(name, count):
        past = await queue.history(name, 9)
        return len([one for one in past if one.ended]) == count

    await until(lambda: turns("b", 1))
    assert heard == []  # that they are due is no wish of anybody
    await queue.submit(["b"])
    await until(lambda: turns("b", 2))
    assert heard == ["b"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_job_that_waits_already_is_one_that_is_asked_for_from_then_on(fleet):
    ticks = Ticks({"default": 9}, fleet.state, fleet.dispatch)
    assert await ticks.fill("default") == 5
    await fleet.state.write(lambda c: request(c, ["c"]))
    await ticks.fill("default")
    asked = "SELECT lock FROM procrastinate_jobs WHERE priority = 1"
    assert await fleet.ask(asked) == [("c",)]

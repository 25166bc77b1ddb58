"""The queues, each with two clusters that are due at once and an interval that no test waits for."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

from reconciler.errors import WorkerLost
from reconciler.execution.author import now
from reconciler.fleet.server_queue import ServerQueue
from reconciler.fleet.sessions import conninfo
from reconciler.fleet.transactions import Transactions
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.server_address import server_address
from reconciler.watch.queue import LocalQueue
from reconciler.watch.schedule import Pace, Schedule
from tests.fleets import want

NAMES = ("alpha", "beta")
HOUR = 3600.0
# Seconds, in which even a busy machine gets there; only who waits for what never comes does not.
GUARD = 120


@asynccontextmanager
async def local_queue(_fleets):
    queue = LocalQueue(Schedule(Pace(HOUR, 8), lambda: 0.5), now)
    queue.follow(NAMES, {})
    yield queue


@asynccontextmanager
async def server_queue(fleets):
    url = fleets.new()
    database = open_fleet(server_address(url))
    want(database, NAMES)
    state = Transactions(database)
    yield ServerQueue(conninfo(url), state, {"default": 8}, HOUR)
    await state.close()


KINDS = {"local": local_queue, "server": server_queue}


@asynccontextmanager
async def running(queue, work):
    """The queue at work until the end of the block."""
    task = asyncio.create_task(queue.run(work))
    try:
        async with asyncio.timeout(GUARD):
            yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, WorkerLost):
            await task


async def until(find):
    """What ``find`` finds when it finds something; it is asked again and again."""
    while not (found := await find()):  # noqa: ASYNC110  # another process may be who does it
        await asyncio.sleep(0.02)
    return found

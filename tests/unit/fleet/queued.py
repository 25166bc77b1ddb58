"""A database of a fleet with the jobs of its queue, as tests that look into it have it."""

from contextlib import asynccontextmanager

from reconciler.fleet.lives import Life
from reconciler.fleet.sessions import conninfo, open_session
from reconciler.fleet.sweeping import Sweeps, session_name
from reconciler.storage.fleet_workers import Life as LifeRow
from reconciler.storage.fleet_workers import begin_life

JOBS = "SELECT id, status::text AS status, lock FROM procrastinate_jobs ORDER BY id"


class Fleet:
    """A database with five clusters that are due, and its jobs."""

    def __init__(self, url, state, dispatch):
        self.info, self.state, self.dispatch = conninfo(url), state, dispatch
        self.jobs = dispatch.app.job_manager
        self.sweeps = Sweeps(state, dispatch)

    async def ask(self, query, *values):
        async with self.dispatch.pool.connection() as connection:
            cursor = await connection.execute(query, values)
            return await cursor.fetchall() if cursor.description else []

    async def statuses(self):
        return [(name, status) for _, status, name in await self.ask(JOBS)]

    async def fetch(self, name="a"):
        """A job of a cluster that a worker has fetched, and that worker's number."""
        await self.dispatch.defer(name, "default")
        number = await self.jobs.register_worker()
        return await self.jobs.fetch_job(["default"], number), number

    async def silence(self, number):
        """Nothing was heard of a worker of Procrastinate for a minute."""
        old = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 min' WHERE id = %s"
        await self.ask(old, number)


@asynccontextmanager
async def life_of(fleet, worker="w1", **more):
    session = await open_session(fleet.info, session_name(worker))
    row = LifeRow(worker, ("default",), "h", 1, "1", session.info.backend_pid)
    await fleet.state.write(lambda connection: begin_life(connection, row))
    try:
        yield Life(worker, "place", session, **more)
    finally:
        await session.close()

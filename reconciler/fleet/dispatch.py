"""The jobs of a fleet, as Procrastinate keeps them: a queue a zone, one job of a cluster at work.

What is due is known without them (``storage.fleet_schedule``): a job that is lost is made anew. So a
job that has ended well is deleted at once, and the others after a day.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.job_context import AbortReason, JobContext
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg_pool import AsyncConnectionPool

from reconciler.fleet.lives import Life
from reconciler.fleet.sessions import break_off, store_errors, store_failed

SCHEMA = "procrastinate"
# The task of every job: what is done in a turn is decided when it begins.
TURN = "turn"
# The priority of a job that somebody asked for; others have 0.
ASKED = 1
# Connections of a worker for its jobs, beside that on which it listens.
CONNECTIONS = 4
# Seconds: a year.
NEVER = 3.2e7
# Hours; of jobs that did not end well.
KEPT_HOURS = 24
# Its tables first, then those of the state.
SEARCH = f"""
SELECT set_config('search_path', '{SCHEMA}, ' || current_setting('search_path'), false)
"""
# Only what is still ours ends: who was given up has lost its jobs to others.
FINISH = """
SELECT procrastinate_finish_job_v1(ours.id, %(status)s::procrastinate_job_status, %(delete)s)
FROM (
    SELECT id FROM procrastinate_jobs
    WHERE id = %(job)s AND worker_id = %(worker)s AND status = 'doing' FOR UPDATE
) AS ours
"""
# One that waits in another zone is in that of its cluster from now on: nobody may work there any more.
# One that somebody asks for is so from now on.
MOVE = """
UPDATE procrastinate_jobs SET queue_name = %(zone)s, priority = greatest(priority, %(priority)s)
WHERE queueing_lock = %(waiting)s AND status = 'todo'
    AND (queue_name <> %(zone)s OR priority < %(priority)s)
"""
OPEN_JOBS = """
SELECT id FROM procrastinate_jobs
WHERE lock = %(cluster)s AND status IN ('todo', 'doing')
"""


# Of a queue's name: that of its channel has 23 bytes more, and PostgreSQL takes 63.
LONGEST_QUEUE, DIGITS = 40, 12


def queue_of(zone: str) -> str:
    """The name of a zone's queue. No zone has a tilde in its name."""
    if len(zone) <= LONGEST_QUEUE:
        return zone
    digest = hashlib.sha256(zone.encode()).hexdigest()[:DIGITS]
    return f"{zone[: LONGEST_QUEUE - DIGITS - 1]}~{digest}"


@dataclass(slots=True, eq=False)
class Slots:
    """How many turns a worker has room for, and how many of each zone it has, by its queue."""

    zones: Sequence[str]
    count: int
    going: Counter[str] = field(default_factory=Counter)

    def open_zones(self) -> list[str]:
        """The zones of which one more may begin.

        Each has a share that others do not take, so that a site whose hosts do not answer holds up
        no other.
        """
        share = max(1, self.count // len(self.zones))
        kept = {zone: max(0, share - self.going[zone]) for zone in self.zones}
        free = self.count - self.going.total()
        return [z for z in self.zones if kept[z] or free > sum(kept.values())]


class LifeJobs(JobManager):
    """Jobs as one life of a worker has them: it takes none and ends none once it is over."""

    def __init__(self, connector: PsycopgConnector, life: Life, slots: Slots) -> None:
        super().__init__(connector)
        self._life = life
        self._slots = slots
        self._worker = 0

    async def register_worker(self) -> int:
        """Its number, which jobs bear that are ours."""
        self._worker = await super().register_worker()
        return self._worker

    async def unregister_worker(self, worker_id: int) -> None:
        """Where it is over that is for who gives it up."""
        if not self._life.is_over:
            with contextlib.suppress(ConnectorException):
                await super().unregister_worker(worker_id)

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """A job of one of these zones of which one more may begin."""
        zones = [zone for zone in self._slots.open_zones() if queues is None or zone in queues]
        if self._life.is_over or not zones:
            return None
        job = await super().fetch_job(zones, worker_id)
        if job is not None:
            self._slots.going[job.queue] += 1
        return job

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001  # Procrastinate's form
        """End a job, if it is ours still.

        One whose end cannot be told would stay ours, and keep others from its cluster: then the life
        ends, and others see to it.
        """
        self._slots.going[job.queue] -= 1
        if not self._life.is_over:
            ends = {"job": job.id, "worker": self._worker}
            how = {"status": status.value, "delete": delete_job}
            try:
                await self.connector.execute_query_async(FINISH, **ends, **how)
            except ConnectorException as error:
                self._life.end(
                    f"the end of a job could not be told: {error.__cause__ or error}"
                )


@dataclass(slots=True, eq=False)
class Dispatch:
    """Jobs of a database, for who works and for who only asks for work."""

    info: str
    app: App
    pool: AsyncConnectionPool[Any]
    connections: set[psycopg.AsyncConnection[Any]]

    async def defer(self, cluster: str, zone: str, priority: int = 0) -> bool:
        """Whether a job of the cluster waits now that did not before. Raises StoreFailed."""
        waiting = f"{TURN}:{cluster}"
        asked = self.app.configure_task(
            TURN, queue=queue_of(zone), priority=priority, lock=cluster, queueing_lock=waiting
        )
        try:
            await asked.defer_async(cluster=cluster)
        except AlreadyEnqueued:
            await self._move(zone, waiting, priority)
            return False
        except ConnectorException as error:
            raise store_failed(self.info, error) from error
        return True

    async def cancel(self, clusters: Sequence[str]) -> Sequence[str]:
        """Give up the jobs of clusters; of which there were any. Raises StoreFailed."""
        return [name for name in clusters if await self._cancel(name)]

    async def remove_old(self) -> None:
        """Jobs that ended long ago go. Raises StoreFailed."""
        jobs = self.app.job_manager
        try:
            await jobs.delete_old_jobs(
                KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
            )
        except ConnectorException as error:
            raise store_failed(self.info, error) from error

    def break_off(self) -> None:
        """End all connections beneath whoever waits on them."""
        for connection in self.connections:
            break_off(connection)

    async def _move(self, zone: str, waiting: str, priority: int) -> None:
        about = {"zone": queue_of(zone), "waiting": waiting, "priority": priority}
        try:
            await self.app.connector.execute_query_async(MOVE, **about)
        except ConnectorException as error:
            raise store_failed(self.info, error) from error

    async def _cancel(self, cluster: str) -> bool:
        """One that waits is cancelled, one that goes on is told to end, and ends ``aborted``."""
        jobs, asked = self.app.job_manager, {"cluster": cluster}
        try:
            found = await self.app.connector.execute_query_all_async(OPEN_JOBS, **asked)
            ended = [await jobs.cancel_job_by_id_async(row["id"], abort=True) for row in found]
        except ConnectorException as error:
            raise store_failed(self.info, error) from error
        return any(ended)


@asynccontextmanager
async def dispatching(
    info: str, jobs: Callable[[PsycopgConnector], JobManager] = JobManager
) -> AsyncIterator[Dispatch]:
    """Jobs of the database, until the end of the block. Raises StoreFailed."""
    connections: set[psycopg.AsyncConnection[Any]] = set()

    async def configure(connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.set_autocommit(True)
        await connection.execute(SEARCH)
        connections.difference_update([one for one in connections if one.closed])
        connections.add(connection)

    connector = PsycopgConnector(configure=configure)
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        info,
        min_size=1,
        max_size=CONNECTIONS,
        open=False,
        timeout=5,
        configure=configure,
        check=AsyncConnectionPool.check_connection,
    )
    _hush()
    app = App(connector=connector)
    app.job_manager = jobs(connector)
    dispatch = Dispatch(info, app, pool, connections)
    try:
        with store_errors(info):
            await pool.open(wait=True, timeout=5)
        async with app.open_async(pool):
            yield dispatch
    finally:
        await pool.close(timeout=1)


def register(
    app: App,
    take: Callable[[str, Callable[[], bool]], Awaitable[None]],
    hear: Callable[[str], None] = lambda _cluster: None,
) -> None:
    """Jobs are done by ``take``, which is told the cluster, and how to know once it is cancelled
    whether somebody asked for that: else its worker ends. ``hear`` is told first whose turn somebody
    has asked for."""

    @app.task(name=TURN, pass_context=True)
    async def do(context: JobContext, cluster: str) -> None:
        if context.job.priority >= ASKED:
            hear(cluster)
        await take(cluster, lambda: context.abort_reason() is AbortReason.USER_REQUEST)


async def work_on(dispatch: Dispatch, slots: Slots, beat: float) -> None:
    """Do jobs until it is cancelled: what goes on then is cancelled, too. Raises StoreFailed."""
    with store_errors(dispatch.info):
        await dispatch.app.run_worker_async(
            queues=list(slots.zones),
            concurrency=slots.count,
            fetch_job_polling_interval=0.5,
            abort_job_polling_interval=beat,
            shutdown_graceful_timeout=0,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=beat,
            # Rows of dead workers are pruned after their jobs were found (``sweeping``), not at a start.
            stalled_worker_timeout=NEVER,
        )


def _hush() -> None:
    """What matters is told by us; a worker's log has no lines of another form."""
    for name in ("procrastinate", "psycopg"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False

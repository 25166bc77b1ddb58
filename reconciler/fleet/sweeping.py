"""What is done about workers that have died: their clusters are due, their jobs are done anew.

Every worker looks for it every two seconds, one at a time. Each step holds for itself and is done
again where it was not done, so that a sweeper may die, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from reconciler import telemetry
from reconciler.fleet.dispatch import Dispatch
from reconciler.fleet.holds import lock_key
from reconciler.fleet.lives import SILENT
from reconciler.fleet.sessions import store_errors
from reconciler.fleet.transactions import Transactions
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_schedule import request
from reconciler.storage.fleet_turns import Turn, end_turns_of
from reconciler.storage.fleet_workers import WorkerRow, mark_lost
from reconciler.storage.runs import cut_off_runs
from reconciler.watch.queue import LOST

APART = 2.0
# Sweeps between two looks for old jobs: an hour.
OLD_APART = 1800
AT_ONCE = datetime.fromtimestamp(0, UTC)
# A job of a worker whose row is gone is as lost as that of one whose row is old.
STALLED = """
SELECT job.id FROM procrastinate_jobs AS job
LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
WHERE job.status = 'doing' AND (
    worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %(silent)s)
)
"""
# Sessions that dead workers have left, which may hold clusters: a network that was cut tells the server
# nothing. By number and name, for the number alone may be another's by now.
TERMINATE = """
SELECT pg_terminate_backend(session.pid) FROM pg_stat_activity AS session
JOIN workers ON session.pid = workers.session
    AND session.application_name = 'reconcile-' || workers.id
WHERE workers.state <> 'alive'
"""


def session_name(worker: str) -> str:
    """What the server calls the session of a life."""
    return f"reconcile-{worker}"


@dataclass(slots=True, eq=False)
class Sweeps:
    """Sweeps of a worker; ``silent`` are the seconds after which one is given up."""

    state: Transactions
    dispatch: Dispatch
    silent: float = SILENT

    async def run(self) -> None:
        """For ever; and jobs that ended long ago go. Raises StoreFailed."""
        for number in itertools.count():
            await self.sweep()
            if number % OLD_APART == 0:
                await self.dispatch.remove_old()
            await asyncio.sleep(APART)

    async def sweep(self) -> Sequence[WorkerRow]:
        """Give up who is dead: whom. Raises StoreFailed."""
        with store_errors(self.dispatch.info):
            async with self.dispatch.pool.connection() as connection, connection.transaction():
                asked = "SELECT pg_try_advisory_xact_lock(%s)"
                cursor = await connection.execute(asked, [lock_key("sweep")])
                row = await cursor.fetchone()
                if row is None or not row[0]:
                    return ()
                lost = await self.state.write(lambda c: give_up(c, self.silent))
                await connection.execute(TERMINATE)
                await self._free_jobs()
        for worker, turns in lost:
            _tell(worker, turns)
        return [worker for worker, _turns in lost]

    async def _free_jobs(self) -> None:
        """First the jobs, and then the rows of their workers: the other way round none is found."""
        jobs, asked = self.dispatch.app.job_manager, {"silent": self.silent}
        found = await self.dispatch.app.connector.execute_query_all_async(STALLED, **asked)
        for row in found:
            try:
                await jobs.retry_job_by_id_async(row["id"], AT_ONCE)
            except UniqueViolation:
                # Another waits for the same: that one does the work.
                with contextlib.suppress(ConnectorException):
                    await jobs.finish_job_by_id_async(
                        row["id"], Status.FAILED, delete_job=False
                    )
            except ConnectorException:
                continue  # it has ended meanwhile
        await jobs.prune_stalled_workers(self.silent)


def give_up(
    connection: StateConnection, silent: float
) -> Sequence[tuple[WorkerRow, Sequence[Turn]]]:
    """Workers that were not heard of for so long, with the turns that they had; those are due."""
    return [(row, leave(connection, row.id)) for row in mark_lost(connection, silent)]


def leave(connection: StateConnection, worker: str) -> Sequence[Turn]:
    """End the turns and the runs of a worker whose life is over: its clusters are due."""
    turns = end_turns_of(connection, worker, LOST)
    cut_off_runs(connection, worker)
    request(connection, [turn.cluster for turn in turns])
    return turns


def _tell(worker: WorkerRow, turns: Sequence[Turn]) -> None:
    telemetry.warning(
        "worker-lost",
        worker=worker.id,
        host=worker.host,
        process=worker.pid,
        clusters=" ".join(turn.cluster for turn in turns) or None,
    )

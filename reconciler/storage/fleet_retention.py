"""How long a fleet's history stays in its database: one worker at a time takes away what is old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, func, select

from reconciler.storage.fleet_turns import forget_turns
from reconciler.storage.fleet_workers import database_now, forget_workers
from reconciler.storage.retention import BATCH, Limits, prune
from reconciler.storage.rollouts import forget_rollouts
from reconciler.storage.runs import forget_runs

# Who prunes holds it to the end of the transaction; the number is the ASCII of "prune".
PRUNING = int.from_bytes(b"prune", "big")


@dataclass(frozen=True, slots=True)
class FleetLimits:
    """How long turns that ended are kept, lives of workers that are over, that there was a run, and
    rollouts that ended.

    The lines of runs go earlier, as in every state. What was approved has its own age there.
    """

    turns: timedelta = timedelta(days=30)
    workers: timedelta = timedelta(days=30)
    runs: timedelta = timedelta(days=730)
    rollouts: timedelta = timedelta(days=730)


def prune_fleet(connection: Connection, limits: Limits, of_fleet: FleetLimits) -> bool:
    """Delete a batch of what is old: whether there is more; not while somebody else does it."""
    if connection.dialect.name == "postgresql":
        alone = select(func.pg_try_advisory_xact_lock(PRUNING))
        if not connection.execute(alone).scalar_one():
            return False
    now = database_now(connection)
    forget_turns(connection, now - of_fleet.turns)
    forget_workers(connection, now - of_fleet.workers)
    forget_rollouts(connection, now - of_fleet.rollouts)
    forgotten = forget_runs(connection, now - of_fleet.runs, BATCH)
    return prune(connection, limits, now).more or forgotten == BATCH

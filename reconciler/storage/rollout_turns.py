"""The turns in which clusters of rollouts are worked on: what is due is taken, and ends once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, select, update

from reconciler.model.rollout_states import DUE, GOING, OPEN_ROLLOUTS
from reconciler.storage.fleet_schedule import request
from reconciler.storage.fleet_tables import (
    FLEET_CLUSTERS,
    FLEET_TURNS,
    ROLLOUT_CLUSTERS,
    ROLLOUTS,
)
from reconciler.storage.fleet_turns import name_run
from reconciler.storage.fleet_workers import database_now

# Turns that may be cut off on one cluster, until it is taken for failed: something there ends workers.
MOST_TURNS = 10
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker is to carry out: the approved plan of a cluster, as it is stored.

    ``is_begun``: an earlier run may have done a part of it.
    """

    rollout: str
    cluster: str
    plan: str
    actions: str
    devices: str
    who: str
    run: str
    is_begun: bool


def is_apply_due(connection: Connection, cluster: str) -> bool:
    """Whether a plan of a rollout is to be carried out there, or to be gone on with."""
    return _due(connection, cluster, is_locked=False) is not None


def claim_apply(connection: Connection, cluster: str, run: str) -> Assignment | None:
    """What is to be carried out there; from now on by ``run``. Nothing, if nothing is due any more.

    Who calls it has the cluster's turn, so that nobody else works on it.
    """
    row = _due(connection, cluster, is_locked=True)
    if row is None:
        return None
    this = _of(row.rollout, cluster)
    now = database_now(connection)
    if row.began is not None and _cut_turns(connection, row) >= MOST_TURNS:
        told = f"{MOST_TURNS} workers were cut off there; look at it by hand"
        values: dict[str, Any] = {"state": "failed", "message": told, "ended": now}
        connection.execute(update(ROLLOUT_CLUSTERS).where(this).values(values))
        return None
    values = {"state": GOING, "run": run, "began": row.began or now}
    connection.execute(update(ROLLOUT_CLUSTERS).where(this).values(values))
    name_run(connection, cluster, run)
    about = (row.rollout, cluster, row.plan, row.actions, row.devices, row.who)
    return Assignment(*about, run, row.began is not None)


def end_apply(connection: Connection, done: Assignment, result: str, message: str) -> bool:
    """How it ended; whether that counts.

    The cluster is due at once: it is looked at, or the next worker goes on with what was interrupted.
    """
    ours = and_(
        _of(done.rollout, done.cluster),
        ROLLOUT_CLUSTERS.c.run == done.run,
        ROLLOUT_CLUSTERS.c.state == GOING,
    )
    values: dict[str, Any] = {"message": message}
    if result != INTERRUPTED:
        values |= {"state": result, "ended": database_now(connection)}
    change = update(ROLLOUT_CLUSTERS).where(ours).values(values)
    if not connection.execute(change).rowcount:
        return False
    request(connection, [done.cluster])
    return True


def _of(rollout: str, cluster: str) -> ColumnElement[bool]:
    one = ROLLOUT_CLUSTERS.c
    return and_(one.rollout == rollout, one.cluster == cluster)


def _due(connection: Connection, cluster: str, *, is_locked: bool) -> Row[Any] | None:
    """The first; once a rollout is stopped, only what has begun goes on. Nothing does while it is paused."""
    one = ROLLOUT_CLUSTERS.c
    both = ROLLOUT_CLUSTERS.join(ROLLOUTS, ROLLOUTS.c.id == one.rollout)
    may_begin = and_(one.state == DUE, ROLLOUTS.c.state == "going")
    goes_on = and_(one.state == GOING, ROLLOUTS.c.state.in_(OPEN_ROLLOUTS))
    free = FLEET_CLUSTERS.c.name == one.cluster, FLEET_CLUSTERS.c.paused == ""
    asked = (
        select(ROLLOUT_CLUSTERS, ROLLOUTS.c.who)
        .select_from(both)
        .where(one.cluster == cluster, may_begin | goes_on, exists().where(*free))
        .order_by(ROLLOUTS.c.created)
        .limit(1)
    )
    if is_locked:  # it is not stopped before this transaction ends
        asked = asked.with_for_update(read=True, of=ROLLOUTS)
    return connection.execute(asked).one_or_none()


def _cut_turns(connection: Connection, row: Row[Any]) -> int:
    """How many turns have ended there since it was begun."""
    one = FLEET_TURNS.c
    its = and_(one.cluster == row.cluster, one.kind == "apply", one.ended >= row.began)
    asked = select(func.count()).select_from(FLEET_TURNS).where(its)
    return connection.execute(asked).scalar_one()

"""Rollouts as they are stored: what was approved for which cluster, how far they are, how they ended."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, text, update

from reconciler.model.rollout_states import (
    DUE,
    NOT_BEGUN,
    OPEN_ROLLOUTS,
    WAITING,
    RolloutState,
)
from reconciler.storage.batches import batches
from reconciler.storage.fleet_schedule import request
from reconciler.storage.fleet_tables import ROLLOUT_CLUSTERS, ROLLOUTS
from reconciler.storage.fleet_workers import database_now

# Whoever begins or goes on with rollouts holds it; the number is the ASCII of "waves".
ROLLING = int.from_bytes(b"waves", "big")


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout: ``waves`` as they were asked for, ``soak`` in seconds, ``message`` what it waits
    for or why it ended."""

    id: str
    created: datetime
    who: str
    commit: str
    waves: tuple[str, ...]
    soak: float
    state: RolloutState
    message: str
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A cluster of a rollout that begins: its wave from 1, and what of its plan was approved.

    ``actions`` is the text of an ``ApprovedPlan``, ``devices`` a list in JSON of what may be formatted.
    """

    cluster: str
    wave: int
    plan: str
    actions: str
    devices: str


@dataclass(frozen=True, slots=True)
class RolloutCluster:
    """A cluster of a rollout as it is: ``run`` is the last that worked on it, empty before any."""

    cluster: str
    wave: int
    plan: str
    state: str
    run: str
    message: str
    began: datetime | None
    ended: datetime | None


def lock_rollouts(connection: Connection) -> None:
    """Nobody else begins a rollout, or goes on with one, before the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ROLLING})


def try_lock_rollouts(connection: Connection) -> bool:
    """As ``lock_rollouts``; False where somebody else has it."""
    if connection.dialect.name != "postgresql":
        return True
    asked = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(connection.execute(asked, {"key": ROLLING}).scalar_one())


def new_rollout(connection: Connection, one: Rollout, clusters: Sequence[Enrolled]) -> None:
    """A rollout begins; who calls it holds the lock and has asked for ``busy_clusters``."""
    row = {name: getattr(one, name) for name in ("id", "created", "who", "commit", "soak")}
    words = {"waves": json.dumps(one.waves), "state": one.state, "message": one.message}
    connection.execute(insert(ROLLOUTS).values(**row, **words))
    rows = [
        {
            "rollout": one.id,
            "cluster": cluster.cluster,
            "wave": cluster.wave,
            "plan": cluster.plan,
            "actions": cluster.actions,
            "devices": cluster.devices,
            "state": WAITING,
            "run": "",
            "message": "",
        }
        for cluster in clusters
    ]
    connection.execute(insert(ROLLOUT_CLUSTERS), rows)


def find_rollout(connection: Connection, rollout: str) -> Rollout | None:
    """The rollout of an id; None if there is none."""
    row = connection.execute(select(ROLLOUTS).where(ROLLOUTS.c.id == rollout)).one_or_none()
    return None if row is None else _rollout(row)


def rollouts_beginning(connection: Connection, start: str) -> Sequence[str]:
    """The ids that begin so, the last one first."""
    asked = select(ROLLOUTS.c.id).where(ROLLOUTS.c.id.startswith(start, autoescape=True))
    return connection.execute(asked.order_by(ROLLOUTS.c.id.desc())).scalars().all()


def open_rollouts(connection: Connection) -> Sequence[Rollout]:
    """Those that have not ended, the first first."""
    asked = select(ROLLOUTS).where(ROLLOUTS.c.state.in_(OPEN_ROLLOUTS))
    rows = connection.execute(asked.order_by(ROLLOUTS.c.created, ROLLOUTS.c.id))
    return [_rollout(row) for row in rows]


def latest_rollouts(
    connection: Connection, limit: int, before: Rollout | None = None
) -> Sequence[Rollout]:
    """At most ``limit`` rollouts, the last one first: those before another."""
    one = ROLLOUTS.c
    asked = select(ROLLOUTS)
    if before is not None:
        alike = and_(one.created == before.created, one.id < before.id)
        asked = asked.where((one.created < before.created) | alike)
    rows = connection.execute(asked.order_by(one.created.desc(), one.id.desc()).limit(limit))
    return [_rollout(row) for row in rows]


def rollout_clusters(connection: Connection, rollout: str) -> Sequence[RolloutCluster]:
    """The clusters of a rollout, by wave and name, without what was approved of each."""
    one = ROLLOUT_CLUSTERS.c
    about = (one.cluster, one.wave, one.plan, one.state, one.run, one.message)
    asked = select(*about, one.began, one.ended).where(one.rollout == rollout)
    rows = connection.execute(asked.order_by(one.wave, one.cluster))
    return [RolloutCluster(*row) for row in rows]


def enrolled_clusters(connection: Connection, rollout: str) -> Sequence[Enrolled]:
    """What was approved of each cluster of a rollout, by wave and name."""
    one = ROLLOUT_CLUSTERS.c
    asked = select(one.cluster, one.wave, one.plan, one.actions, one.devices)
    rows = connection.execute(
        asked.where(one.rollout == rollout).order_by(one.wave, one.cluster)
    )
    return [Enrolled(*row) for row in rows]


def count_states(connection: Connection, rollout: str) -> Mapping[str, int]:
    """How many of its clusters are in which state."""
    state = ROLLOUT_CLUSTERS.c.state
    asked = select(state, func.count()).where(ROLLOUT_CLUSTERS.c.rollout == rollout)
    return {row[0]: row[1] for row in connection.execute(asked.group_by(state))}


def busy_clusters(connection: Connection, names: Collection[str]) -> Mapping[str, str]:
    """Which of these clusters are in a rollout that has not ended, and in which."""
    both = ROLLOUT_CLUSTERS.join(ROLLOUTS, ROLLOUTS.c.id == ROLLOUT_CLUSTERS.c.rollout)
    asked = select(ROLLOUT_CLUSTERS.c.cluster, ROLLOUTS.c.id).select_from(both)
    rows = connection.execute(asked.where(ROLLOUTS.c.state.in_(OPEN_ROLLOUTS)))
    return {row.cluster: row.id for row in rows if row.cluster in names}


def begin_wave(connection: Connection, rollout: str, names: Collection[str]) -> None:
    """Plans of these clusters are due to be carried out, now."""
    one = ROLLOUT_CLUSTERS.c
    for some in batches(sorted(names)):
        these = and_(one.rollout == rollout, one.cluster.in_(some), one.state == WAITING)
        connection.execute(update(ROLLOUT_CLUSTERS).where(these).values(state=DUE))
    request(connection, names)


def spoil_cluster(
    connection: Connection, rollout: str, name: str, state: str, message: str
) -> None:
    """A cluster has ended otherwise than by a run: it is not well, or nobody wants it any more."""
    this = (ROLLOUT_CLUSTERS.c.rollout == rollout, ROLLOUT_CLUSTERS.c.cluster == name)
    ended = func.coalesce(ROLLOUT_CLUSTERS.c.ended, database_now(connection))
    change = update(ROLLOUT_CLUSTERS).where(*this)
    connection.execute(change.values(state=state, message=message, ended=ended))


def stop_rollout(
    connection: Connection, rollout: str, state: RolloutState, message: str
) -> bool:
    """Nothing more of it begins: it is stopping or cancelling. Whether it was going until now."""
    ours = and_(ROLLOUTS.c.id == rollout, ROLLOUTS.c.state == "going")
    change = update(ROLLOUTS).where(ours).values(state=state, message=message)
    if not connection.execute(change).rowcount:
        return False
    unbegun = ROLLOUT_CLUSTERS.c.state.in_((WAITING, DUE))
    left = update(ROLLOUT_CLUSTERS).where(ROLLOUT_CLUSTERS.c.rollout == rollout, unbegun)
    connection.execute(left.values(state=NOT_BEGUN))
    return True


def end_rollout(connection: Connection, rollout: str, state: RolloutState) -> None:
    """It has ended; one that was stopped keeps its reason."""
    ended = {"state": state, "ended": database_now(connection)}
    message = {"message": ""} if state == "converged" else {}
    change = update(ROLLOUTS).where(ROLLOUTS.c.id == rollout)
    connection.execute(change.values(**ended, **message))


def tell_rollout(connection: Connection, rollout: str, message: str) -> None:
    """What it waits for; nothing is written where that is known."""
    other = and_(ROLLOUTS.c.id == rollout, ROLLOUTS.c.message != message)
    connection.execute(update(ROLLOUTS).where(other).values(message=message))


def forget_rollouts(connection: Connection, before: datetime) -> int:
    """Delete rollouts that ended before a moment, with their clusters: how many."""
    return connection.execute(delete(ROLLOUTS).where(ROLLOUTS.c.ended < before)).rowcount


def _rollout(row: Row[Any]) -> Rollout:
    about = (row.id, row.created, row.who, row.commit, tuple(json.loads(row.waves)))
    return Rollout(*about, row.soak, row.state, row.message, row.ended)

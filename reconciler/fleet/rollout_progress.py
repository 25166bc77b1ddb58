"""Rollouts go on: each does what is next, whichever worker finds it so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.fleet.rollout_steps import Begin, End, Step, Stop, Wait, name_some, next_step
from reconciler.frozen import frozen
from reconciler.model.rollout_states import ClusterNow, Health, RolloutNow
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_workers import database_now
from reconciler.storage.rollout_standing import Standing, look_by, standings
from reconciler.storage.rollouts import (
    Rollout,
    RolloutCluster,
    begin_wave,
    end_rollout,
    open_rollouts,
    rollout_clusters,
    spoil_cluster,
    stop_rollout,
    tell_rollout,
    try_lock_rollouts,
)

# By kind the status of a condition that a cluster has after its wave.
WELL: Mapping[str, str] = {
    "Converged": "True",
    "Blocked": "False",
    "Unreachable": "False",
    "Degraded": "False",
}
UNKNOWN = "Unknown"


@frozen
class RolloutNews:
    """What has happened to a rollout, for a log: an event's name, and what of it."""

    rollout: str
    event: str
    message: str


def advance_rollouts(connection: StateConnection) -> Sequence[RolloutNews]:
    """Every open rollout does what is next, in this transaction; nothing where somebody else does it.

    It is called again and again, by each worker: what is known already changes nothing.
    """
    found = open_rollouts(connection)
    if not found or not try_lock_rollouts(connection):
        return ()
    # Before the lock somebody else may have gone on.
    return [news for one in open_rollouts(connection) for news in _advance(connection, one)]


def cancel_rollout(connection: StateConnection, rollout: str, who: str) -> bool:
    """Nothing more of it begins, what has begun comes to its end; whether it was going until now."""
    return stop_rollout(connection, rollout, "cancelling", f"cancelled by {who}")


def _advance(connection: StateConnection, one: Rollout) -> Sequence[RolloutNews]:
    rows = rollout_clusters(connection, one.id)
    ends = [row.ended for row in rows if row.ended is not None]
    found = standings(connection, one.id, min(ends, default=None))
    clusters = tuple(_now(row, found[row.cluster]) for row in rows)
    step = next_step(RolloutNow(one.state, one.soak, clusters), database_now(connection))
    return _take(step, connection, one)


def _now(row: RolloutCluster, standing: Standing) -> ClusterNow:
    return ClusterNow(
        name=row.cluster,
        wave=row.wave,
        state=row.state,
        ended=row.ended,
        message=row.message,
        health=read_health(standing),
        paused=standing.paused or "",
        unserved=standing.unserved,
        is_wanted=standing.paused is not None,
        is_at_work=standing.is_at_work,
    )


def read_health(standing: Standing) -> Health:
    """How a cluster stands by the conditions of its last look: unknown is never taken for well."""
    doubts = []
    for kind, wanted in WELL.items():
        status, message = standing.conditions.get(kind, (UNKNOWN, "it was not looked at"))
        if status == UNKNOWN:
            doubts.append(f"{kind}: {message}")
        elif status != wanted:
            told = kind if wanted == "False" else f"not {kind}"
            return Health("unwell", standing.looked, f"{told}: {message}")
    if doubts:
        return Health("unknown", standing.looked, doubts[0])
    return Health("well", standing.looked)


def _take(step: Step, connection: StateConnection, one: Rollout) -> Sequence[RolloutNews]:
    match step:
        case Begin():
            message = f"wave {step.wave} begins: {name_some(step.clusters)}"
            begin_wave(connection, one.id, step.clusters)
            tell_rollout(connection, one.id, message)
            return [RolloutNews(one.id, "wave-begins", message)]
        case Wait():
            look_by(connection, one.id, step.looks)
            if one.state == "going":  # else its message says why it is stopped
                tell_rollout(connection, one.id, step.message)
            return []
        case Stop():
            stop_rollout(connection, one.id, "stopping", step.message)
            for name, state in step.spoilt.items():
                spoil_cluster(connection, one.id, name, state, step.message)
            return [RolloutNews(one.id, "rollout-stops", step.message)]
        case End():
            end_rollout(connection, one.id, step.state)
            why = "" if step.state == "converged" else one.message
            return [RolloutNews(one.id, f"rollout-{step.state}", why)]

"""Rounds: all that observing and planning a cluster once found, stored in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from reconciler.model.watched import Round, RoundChanges
from reconciler.storage.clock_steps import correct_moments
from reconciler.storage.cluster_conditions import record_conditions
from reconciler.storage.drift_items import record_drift
from reconciler.storage.samples import record_sizes
from reconciler.storage.sql_tables import CLUSTERS, OBSERVATIONS

# What a clock is set back by a server of time, at most; further back is another time altogether.
BACK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which every round found the same: from the first of these rounds to the last."""

    began: datetime
    last: datetime
    rounds: int
    state: str
    digest: str


def record_round(
    connection: Connection, cluster: int, found: Round, now: datetime
) -> RoundChanges:
    """Store what a round found of a cluster: what that changed of what was known.

    A moment a little before the cluster's last round is taken as that: nothing ends before it
    began. Where the clock was set back further, it had been wrong: what it said then is said to be
    of now. Raises LookupError for a cluster that is not stored, ValueError for two readings of one
    condition.
    """
    asked = select(CLUSTERS.c.id, CLUSTERS.c.seen).where(CLUSTERS.c.id == cluster)
    known = connection.execute(asked.with_for_update()).one_or_none()
    if known is None:
        raise LookupError(f"no cluster {cluster} is stored")
    if known.seen is not None and known.seen - now > BACK:
        correct_moments(connection, cluster, now)
    else:
        now = max(now, known.seen or now)
    opened, ended = record_conditions(connection, cluster, found, now)
    came, went = record_drift(connection, cluster, found, now)
    record_sizes(connection, cluster, found.sizes, now)
    _observe(connection, cluster, found, now)
    row = {"rank": found.rank, "state": found.state, "seen": now}
    connection.execute(update(CLUSTERS).where(CLUSTERS.c.id == cluster).values(row))
    return RoundChanges(opened, ended, came, went)


def _observe(connection: Connection, cluster: int, found: Round, now: datetime) -> None:
    of_it = OBSERVATIONS.c.cluster_id == cluster
    latest = select(OBSERVATIONS).where(of_it).order_by(OBSERVATIONS.c.last.desc())
    row = connection.execute(latest.order_by(OBSERVATIONS.c.id.desc()).limit(1)).one_or_none()
    if row is not None and (row.state, row.digest) == (found.state, found.digest):
        same = update(OBSERVATIONS).where(OBSERVATIONS.c.id == row.id)
        connection.execute(same.values(last=now, rounds=row.rounds + 1))
        return
    first = {"cluster_id": cluster, "began": now, "last": now, "rounds": 1}
    words = {"state": found.state, "digest": found.digest}
    connection.execute(insert(OBSERVATIONS).values(**first, **words))


def observed_spans(connection: Connection, cluster: int, since: datetime) -> Sequence[Span]:
    """What rounds of a cluster found, from ``since`` on, the earliest first."""
    found = OBSERVATIONS.c
    asked = (
        select(found.began, found.last, found.rounds, found.state, found.digest)
        .where(found.cluster_id == cluster, found.last >= since)
        .order_by(found.began, found.id)
    )
    return [Span(*row) for row in connection.execute(asked)]

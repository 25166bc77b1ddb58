"""How the clusters of a rollout stand: what their last looks found, and when each is looked at next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, and_, exists, func, literal, select, update

from reconciler.model.addresses import cluster_address
from reconciler.model.watched import ROUND_FAILED
from reconciler.storage.fleet_tables import FLEET_CLUSTERS, FLEET_TURNS, ROLLOUT_CLUSTERS
from reconciler.storage.fleet_workers import ALIVE, database_now, workers
from reconciler.storage.sql_tables import CLUSTERS, CONDITIONS

# Of a turn that recorded nothing.
LOST = ("lost", "cancelled")
# Who is looked at within that time anyway is not asked for again and again.
SOON = timedelta(seconds=60)


@dataclass(slots=True)
class Standing:
    """A cluster as the database has it: by kind status and message of its conditions.

    ``looked`` is when its last look began, by the database's clock. ``paused`` is None where no file
    wants the cluster; ``unserved`` is its zone where no worker serves that.
    """

    paused: str | None = None
    looked: datetime | None = None
    is_at_work: bool = False
    conditions: dict[str, tuple[str, str]] = field(default_factory=dict)
    unserved: str = ""


def standings(
    connection: Connection, rollout: str, since: datetime | None
) -> Mapping[str, Standing]:
    """Each cluster of a rollout; of looks only those count that began ``since`` then."""
    names = select(ROLLOUT_CLUSTERS.c.cluster).where(ROLLOUT_CLUSTERS.c.rollout == rollout)
    found = {name: Standing() for name in connection.execute(names).scalars()}
    wanted = select(FLEET_CLUSTERS.c.name, FLEET_CLUSTERS.c.paused, FLEET_CLUSTERS.c.zone)
    served = {zone for one in workers(connection) if one.state == ALIVE for zone in one.zones}
    for row in connection.execute(wanted.where(FLEET_CLUSTERS.c.name.in_(names))):
        found[row.name].paused = row.paused
        if served and row.zone not in served:  # who asks is alive: else nobody has said which
            found[row.name].unserved = row.zone
    going = select(FLEET_TURNS.c.cluster).where(FLEET_TURNS.c.ended.is_(None))
    for name in connection.execute(going.where(FLEET_TURNS.c.cluster.in_(names))).scalars():
        found[name].is_at_work = True
    if since is not None:
        for look in connection.execute(_looks(names, since)):
            found[look.cluster].looked = look.looked
        for one in connection.execute(_conditions().where(CLUSTERS.c.name.in_(names))):
            found[one.name].conditions[one.kind] = (one.status, one.message)
    return found


def failed_looks(connection: Connection) -> Mapping[str, str]:
    """Of each cluster whose last look found nothing out, why it did not."""
    failed = _conditions().where(CONDITIONS.c.reason == ROUND_FAILED)
    return {row.name: row.message for row in connection.execute(failed)}


def degraded_clusters(connection: Connection) -> Mapping[str, str]:
    """Of each cluster with which something is wrong, what."""
    wrong = (CONDITIONS.c.kind == "Degraded", CONDITIONS.c.status == "True")
    rows = connection.execute(_conditions().where(*wrong))
    return {row.name: row.message for row in rows}


def look_by(connection: Connection, rollout: str, looks: Mapping[str, datetime]) -> None:
    """Each of these clusters of a rollout is looked at when its moment comes, if not before.

    Who has a turn is left alone: what comes of it is seen first. Only what changes is written.
    """
    now, one = database_now(connection), FLEET_CLUSTERS.c
    names = select(ROLLOUT_CLUSTERS.c.cluster).where(ROLLOUT_CLUSTERS.c.rollout == rollout)
    going = exists().where(FLEET_TURNS.c.cluster == one.name, FLEET_TURNS.c.ended.is_(None))
    asked = select(one.name, one.due).where(one.name.in_(names), ~going).order_by(one.name)
    for row in connection.execute(asked):
        moment = looks.get(row.name)
        if moment is None or row.due <= (moment if moment > now else now + SOON):
            continue
        change = update(FLEET_CLUSTERS).where(one.name == row.name)
        connection.execute(change.values(due=max(moment, now)))


def _looks(names: Select[tuple[str]], since: datetime) -> Select[tuple[str, datetime]]:
    one = FLEET_TURNS.c
    its = and_(one.kind == "look", one.began >= since, one.cluster.in_(names))
    done = and_(one.ended.is_not(None), one.result.not_in(LOST))
    looked = func.max(one.began).label("looked")
    return select(one.cluster, looked).where(its, done).group_by(one.cluster)


def _conditions() -> Select[tuple[str, str, str, str]]:
    """Of clusters as wholes."""
    one, name = CONDITIONS.c, CLUSTERS.c.name
    both = CONDITIONS.join(CLUSTERS, CLUSTERS.c.id == one.cluster_id)
    whole = one.subject == literal(cluster_address("")).concat(name)
    asked = select(name, one.kind, one.status, one.message).select_from(both)
    return asked.where(one.ended.is_(None), whole)

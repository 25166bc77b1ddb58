"""When each cluster of a fleet is looked at next. It does not hang on a queue: what is due is due."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, select, update

from reconciler.storage.batches import batches
from reconciler.storage.fleet_tables import FLEET_CLUSTERS, FLEET_FILES, FLEET_TURNS
from reconciler.storage.fleet_workers import database_now

# Seconds: who is asked for has its turn before others, as if it had waited for so long.
FIRST = 86400.0
# Whose file says something else comes after these; it is asked for as well, for a commit may change all.
CHANGED = timedelta(seconds=FIRST * 3 / 4)


@dataclass(frozen=True, slots=True)
class FleetCluster:
    """A cluster that is wanted. ``failures`` counts looks in a row that learnt nothing; ``paused``
    says who paused it and why, and is empty if nobody did."""

    name: str
    file: str
    zone: str
    due: datetime
    failures: int
    paused: str


def due_clusters(connection: Connection, zone: str, limit: int) -> Sequence[str]:
    """At most ``limit`` clusters of a zone that are due, are not paused and have no turn: who waits
    longest first. Nobody else gets them before the transaction ends."""
    goes_on = exists().where(
        FLEET_TURNS.c.cluster == FLEET_CLUSTERS.c.name, FLEET_TURNS.c.ended.is_(None)
    )
    due = FLEET_CLUSTERS.c.due <= database_now(connection)
    asked = select(FLEET_CLUSTERS.c.name).where(
        FLEET_CLUSTERS.c.zone == zone, due, FLEET_CLUSTERS.c.paused == "", ~goes_on
    )
    asked = asked.order_by(FLEET_CLUSTERS.c.due, FLEET_CLUSTERS.c.name).limit(limit)
    return connection.execute(asked.with_for_update(skip_locked=True)).scalars().all()


def asked_for(connection: Connection, names: Collection[str]) -> Collection[str]:
    """Those of these clusters that somebody has asked for, or whose file has changed, and that have had no job since."""
    one, since = FLEET_CLUSTERS.c, _later(connection, -FIRST / 2)
    rows = connection.execute(select(one.name).where(one.due <= since)).scalars()
    return {name for name in rows if name in names}


def put_forward(connection: Connection, names: Collection[str], seconds: float) -> None:
    """These clusters are due in so many seconds, if nobody says otherwise by then."""
    _change(connection, names, due=_later(connection, seconds))


def set_due(connection: Connection, cluster: str, seconds: float, failures: int) -> None:
    """The cluster is due in so many seconds, after so many looks in a row that learnt nothing."""
    _change(connection, (cluster,), due=_later(connection, seconds), failures=failures)


def put_off(connection: Connection, names: Collection[str], seconds: float) -> Sequence[str]:
    """Those of these clusters that are due now are due in so many seconds: which.

    One that is paused waits for nothing.
    """
    due = FLEET_CLUSTERS.c.due <= database_now(connection), FLEET_CLUSTERS.c.paused == ""
    asked = select(FLEET_CLUSTERS.c.name).where(*due).order_by(FLEET_CLUSTERS.c.name)
    waiting = [n for n in connection.execute(asked.with_for_update()).scalars() if n in names]
    put_forward(connection, waiting, seconds)
    return waiting


def pause_of(connection: Connection, cluster: str) -> str:
    """Who has paused a cluster, and why; empty if nobody did."""
    asked = select(FLEET_CLUSTERS.c.paused).where(FLEET_CLUSTERS.c.name == cluster)
    return connection.execute(asked).scalar() or ""


def zone_of_turn(connection: Connection, cluster: str) -> str | None:
    """The zone in which a cluster may have a turn now; None while it is paused, or nobody wants it."""
    one = FLEET_CLUSTERS.c
    asked = select(one.zone).where(one.name == cluster, one.paused == "")
    found: str | None = connection.execute(asked).scalar()
    return found


def settle_due(
    connection: Connection, cluster: str, wait: Callable[[int], float], *, failed: bool
) -> None:
    """After a turn: due in ``wait(failures)`` seconds, or at once if that was asked for meanwhile.

    ``failed`` says whether nothing was learnt.
    """
    this = FLEET_CLUSTERS.c.name == cluster
    asked = select(FLEET_CLUSTERS.c.due, FLEET_CLUSTERS.c.failures).where(this)
    row = connection.execute(asked.with_for_update()).one_or_none()
    if row is None:
        return  # nobody wants it any more
    failures = row.failures + 1 if failed else 0
    later = _later(connection, wait(failures))
    due = row.due if row.due <= database_now(connection) else later
    _change(connection, (cluster,), due=due, failures=failures)


def request(connection: Connection, names: Collection[str]) -> Sequence[str]:
    """These clusters are due now, before all that are due by themselves: which of them are known."""
    return _change(connection, names, due=_later(connection, -FIRST))


def pause(connection: Connection, names: Collection[str], why: str) -> Sequence[str]:
    """These clusters are not looked at until they are resumed: which of them are known."""
    return _change(connection, names, paused=why)


def resume(connection: Connection, names: Collection[str]) -> Sequence[str]:
    """These clusters are looked at again, and at once: which of them are known."""
    return _change(connection, names, paused="", due=_later(connection, -FIRST))


def hold_wanted(connection: Connection, cluster: str) -> bool:
    """Whether a cluster is wanted; nobody says otherwise before the transaction ends."""
    asked = select(FLEET_CLUSTERS.c.name).where(FLEET_CLUSTERS.c.name == cluster)
    held = asked.with_for_update(read=True, key_share=True)
    return connection.execute(held).scalar() is not None


def fleet_clusters(connection: Connection) -> Sequence[FleetCluster]:
    """All clusters that are wanted, by name."""
    one, file = FLEET_CLUSTERS.c, FLEET_FILES.c.file
    asked = select(one.name, file, one.zone, one.due, one.failures, one.paused)
    both = FLEET_CLUSTERS.join(FLEET_FILES, FLEET_FILES.c.identity == one.file)
    rows = connection.execute(asked.select_from(both).order_by(one.name))
    return [FleetCluster(*row) for row in rows]


def _later(connection: Connection, seconds: float) -> datetime:
    return database_now(connection) + timedelta(seconds=seconds)


def _change(connection: Connection, names: Collection[str], **values: object) -> Sequence[str]:
    """Those that are known; locked in one order, so that nobody waits in a circle."""
    found: list[str] = []
    for some in batches(sorted(set(names))):
        these = FLEET_CLUSTERS.c.name.in_(some)
        held = select(FLEET_CLUSTERS.c.name).where(these).order_by(FLEET_CLUSTERS.c.name)
        known = connection.execute(held.with_for_update(key_share=True)).scalars().all()
        connection.execute(update(FLEET_CLUSTERS).where(these).values(**values))
        found += known
    return found

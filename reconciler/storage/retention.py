"""What is kept for how long: history by age, by rows and by bytes; never what stands now.

Records of runs are files of their own: nothing here touches them. Where the lines of one are gone
from the database, it is read from its file again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    true,
)

from reconciler.storage.database import Database
from reconciler.storage.engines import plain_errors
from reconciler.storage.sql_tables import (
    APPROVALS,
    CLUSTERS,
    CONDITIONS,
    DRIFT_ITEMS,
    DRIFT_SPELLS,
    META,
    OBSERVATIONS,
    RUN_LINES,
    RUNS,
    SAMPLES,
)

# At most so many rows of a table, and lines of so many runs, in one transaction: nobody waits for long.
BATCH, RUN_BATCH = 2000, 20
# After that, a volume has one sample a day.
THIN_AFTER = timedelta(days=14)
# How much further ages are counted at each sweep.
STRIDE = timedelta(days=2)
_REACHED = ("pruned-at", "pruned-to")
# However little room there is: what is younger stays.
YOUNGEST = timedelta(hours=1)
GIVING_BACK = "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long history is kept, and how much of it: ``rows`` of each table, ``size`` in bytes of all.

    Without ``rows`` only its age counts: a fleet of thousands has many, and a server room for them.

    ``approvals`` has an age of its own: who approved what is asked for long afterwards.
    """

    age: timedelta = timedelta(days=90)
    approvals: timedelta = timedelta(days=730)
    rows: int | None = 500_000
    size: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows of which table were deleted, and whether there are ``more`` to be."""

    rows: Mapping[str, int]
    more: bool


@dataclass(frozen=True, slots=True)
class _History:
    """Rows of a table that are history ``since`` a moment; those that are not ``past`` stay."""

    table: Table
    since: ColumnElement[Any]
    past: ColumnElement[bool]


def _is_latest() -> ColumnElement[bool]:
    latest = and_(
        CLUSTERS.c.id == OBSERVATIONS.c.cluster_id, CLUSTERS.c.seen == OBSERVATIONS.c.last
    )
    return exists().where(latest)


HISTORY = (
    _History(SAMPLES, SAMPLES.c.at, true()),
    _History(OBSERVATIONS, OBSERVATIONS.c.last, ~_is_latest()),
    _History(DRIFT_SPELLS, DRIFT_SPELLS.c.ended, DRIFT_SPELLS.c.ended.is_not(None)),
    _History(DRIFT_ITEMS, DRIFT_ITEMS.c.gone, DRIFT_ITEMS.c.gone.is_not(None)),
    _History(CONDITIONS, CONDITIONS.c.ended, CONDITIONS.c.ended.is_not(None)),
)


def prune(connection: Connection, limits: Limits, now: datetime) -> Pruned:
    """Delete a batch of what is older, or more, than the limits let stay.

    The caller goes on, in another transaction, with the same ``now``, while there are ``more``.
    Where the bytes are too many, the age is halved until something is deleted. Those of PostgreSQL
    are not counted: it gives them back when it vacuums.
    """
    now = _reach(connection, now)
    rows = dict(_prune_old(connection, now - limits.age))
    too_old = and_(APPROVALS.c.at < now - limits.approvals)
    _add(rows, APPROVALS, _delete(connection, APPROVALS, APPROVALS.c.at, too_old, BATCH))
    _add(rows, SAMPLES, _thin(connection, now))
    if limits.rows is not None:
        for name, count in _prune_many(connection, limits.rows):
            rows[name] = rows.get(name, 0) + count
    age = limits.age
    while not any(rows.values()) and _is_too_big(connection, limits) and age > YOUNGEST:
        age = max(age / 2, YOUNGEST)
        rows = dict(_prune_old(connection, now - age))
    found = {name: count for name, count in rows.items() if count}
    return Pruned(found, more=bool(found))


def _reach(connection: Connection, now: datetime) -> datetime:
    """The time by which ages are counted: ``now``, but at most a ``STRIDE`` further than at the sweep before.

    A clock that is set wrong by years then costs days of history, not all of it.
    """
    asked_for = select(META.c.name, META.c.value).where(META.c.name.in_(_REACHED))
    known: dict[str, str] = {row.name: row.value for row in connection.execute(asked_for)}
    asked, reached = (known.get(name) for name in _REACHED)
    if asked == now.isoformat() and reached is not None:
        return datetime.fromisoformat(reached)
    found = now if reached is None else min(now, datetime.fromisoformat(reached) + STRIDE)
    connection.execute(delete(META).where(META.c.name.in_(_REACHED)))
    words = zip(_REACHED, (now.isoformat(), found.isoformat()), strict=True)
    rows = [{"name": name, "value": value} for name, value in words]
    connection.execute(insert(META), rows)
    return found


def _add(rows: dict[str, int], table: Table, count: int) -> None:
    rows[table.name] = rows.get(table.name, 0) + count


def _prune_old(connection: Connection, before: datetime) -> Iterator[tuple[str, int]]:
    for one in HISTORY:
        old = and_(one.past, one.since < before)
        yield one.table.name, _delete(connection, one.table, one.since, old, BATCH)
    yield RUN_LINES.name, _delete_lines(connection, _when() < before, RUN_BATCH)


def _prune_many(connection: Connection, limit: int) -> Iterator[tuple[str, int]]:
    for one in HISTORY:
        many = _count(connection, one.table, one.past) - limit
        if many > 0:
            number = min(many, BATCH)
            yield (
                one.table.name,
                _delete(connection, one.table, one.since, one.past, number),
            )
    if _count(connection, RUN_LINES, true()) > limit:
        yield RUN_LINES.name, _delete_lines(connection, true(), 1)


def _delete(
    connection: Connection,
    table: Table,
    since: ColumnElement[Any],
    which: ColumnElement[bool],
    limit: int,
) -> int:
    """The oldest first."""
    oldest = select(table.c.id).where(which).order_by(since, table.c.id).limit(limit)
    return connection.execute(delete(table).where(table.c.id.in_(oldest))).rowcount


def _when() -> ColumnElement[Any]:
    return func.coalesce(RUNS.c.ended, RUNS.c.started)


def _delete_lines(connection: Connection, which: ColumnElement[bool], limit: int) -> int:
    """Those of whole runs; of one that may go on none."""
    has_lines = exists().where(RUN_LINES.c.run_id == RUNS.c.id)
    asked = select(RUNS.c.id).where(RUNS.c.stamp != "", has_lines, which)
    oldest = asked.order_by(RUNS.c.run).limit(limit)
    return connection.execute(delete(RUN_LINES).where(RUN_LINES.c.run_id.in_(oldest))).rowcount


def _thin(connection: Connection, now: datetime) -> int:
    """Of old samples of a volume of one size, only the last of a day stays."""
    later = SAMPLES.alias("later")
    another = and_(
        later.c.cluster_id == SAMPLES.c.cluster_id,
        later.c.volume == SAMPLES.c.volume,
        later.c.size == SAMPLES.c.size,
        later.c.at > SAMPLES.c.at,
        func.date(later.c.at) == func.date(SAMPLES.c.at),
        later.c.at < now - THIN_AFTER,
    )
    is_thick = and_(SAMPLES.c.at < now - THIN_AFTER, exists().where(another))
    return _delete(connection, SAMPLES, SAMPLES.c.at, is_thick, BATCH)


def _count(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    asked = select(func.count()).select_from(table).where(which)
    return connection.execute(asked).scalar_one()


def _is_too_big(connection: Connection, limits: Limits) -> bool:
    used = used_bytes(connection)
    return used is not None and used > limits.size


def used_bytes(connection: Connection) -> int | None:
    """The bytes of a SQLite file that hold something; None for another database."""
    if connection.dialect.name != "sqlite":
        return None
    pages, free, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def give_back(database: Database) -> None:
    """The room that deleted rows had becomes free on the disk, and what is beside the file is taken into it.

    Nothing for PostgreSQL, which vacuums itself. Raises StoreFull, StoreDamaged, StoreBusy or
    StoreFailed.
    """
    if database.engine.dialect.name != "sqlite":
        return
    with plain_errors(database.place):
        raw = database.engine.raw_connection()
        try:
            # Not ``execute``: it takes one step, and each step gives back one page.
            raw.cursor().executescript(GIVING_BACK)
        finally:
            raw.close()

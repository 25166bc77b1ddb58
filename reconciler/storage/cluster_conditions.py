"""Conditions of clusters, their members and volumes: what stands, and what stood before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update

from reconciler.model.watched import Condition, Opened, Reading, Round
from reconciler.storage.columns import storable_words
from reconciler.storage.paging import page_back
from reconciler.storage.sql_tables import CLUSTERS, CONDITIONS
from reconciler.storage.transitions import follow_condition

_STANDS = CONDITIONS.c.ended.is_(None)


def standing_conditions(connection: Connection, cluster: int) -> Sequence[Condition]:
    """The conditions of a cluster as its last round found them, by subject and kind."""
    rows = connection.execute(_asked(cluster, _STANDS).order_by("subject", "kind"))
    return [_condition(row) for row in rows]


def past_conditions(
    connection: Connection, cluster: int, before: datetime, limit: int
) -> Sequence[tuple[Condition, datetime]]:
    """Conditions that stand no more, with when each ended: the latest that did ``before``.

    At most ``limit``, and all that ended in the moment of the last: the next page begins before it.
    """
    ended = CONDITIONS.c.ended
    which = page_back(connection, ended, CONDITIONS.c.cluster_id == cluster, before, limit)
    rows = connection.execute(
        _asked(cluster, which).order_by(ended.desc(), CONDITIONS.c.id.desc())
    )
    return [(_condition(row), row.ended) for row in rows]


def count_conditions(connection: Connection) -> Mapping[tuple[str, str], int]:
    """In how many clusters a kind of condition stands with a status."""
    kind, status = CONDITIONS.c.kind, CONDITIONS.c.status
    clusters = func.count(CONDITIONS.c.cluster_id.distinct())
    asked = select(kind, status, clusters).where(_STANDS).group_by(kind, status)
    return {(row[0], row[1]): row[2] for row in connection.execute(asked)}


def record_conditions(
    connection: Connection, cluster: int, found: Round, now: datetime
) -> tuple[tuple[Opened, ...], tuple[Condition, ...]]:
    """All readings of one round replace what stood: what was opened, and what ended without another.

    It is a part of ``rounds.record_round``, after which the cluster's last round is ``now``. Only
    rows that change are written. Raises ValueError for two readings of one subject and kind.
    """
    rows = connection.execute(_asked(cluster, _STANDS)).all()
    old = {(row.subject, row.kind): row for row in rows}
    read = {(one.subject, str(one.kind)): one for one in map(_storable, found.readings)}
    if len(read) < len(found.readings):
        raise ValueError(f"two readings of one condition: {found.readings}")
    opened: list[Opened] = []
    for key, reading in read.items():
        row = old.get(key)
        step = follow_condition(None if row is None else _condition(row), reading, now)
        if isinstance(step, Opened):
            if row is not None:
                _end(connection, row, step.current.began)
            connection.execute(insert(CONDITIONS).values(_row(cluster, step.current)))
            opened.append(step)
        elif row is not None:
            _refresh(connection, row, step.current)
    missing = [row for key, row in old.items() if key not in read]
    if not found.is_whole:
        _leave(connection, missing)
        return tuple(opened), ()
    for row in missing:
        _end(connection, row, max(now, _condition(row).last_seen))
    return tuple(opened), tuple(_condition(row) for row in missing)


def _leave(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """They may stand still: when they were seen last is written down before the round moves on."""
    for row in rows:
        if row.last_seen is None:
            _write(connection, row, {"last_seen": _condition(row).last_seen})


def _storable(reading: Reading) -> Reading:
    """As it comes back: else it would differ from what is stored in each round."""
    subject, reason, message = map(
        storable_words, (reading.subject, reading.reason, reading.message)
    )
    return replace(reading, subject=subject, reason=reason, message=message)


def _refresh(connection: Connection, row: Row[Any], current: Condition) -> None:
    changes: dict[str, object] = {} if row.last_seen is None else {"last_seen": None}
    if row.message != current.reading.message:
        changes |= {"message": current.reading.message, "changed": current.changed}
    if changes:
        _write(connection, row, changes)


def _end(connection: Connection, row: Row[Any], at: datetime) -> None:
    _write(connection, row, {"ended": at, "last_seen": _condition(row).last_seen})


def _write(connection: Connection, row: Row[Any], values: Mapping[str, object]) -> None:
    connection.execute(update(CONDITIONS).where(CONDITIONS.c.id == row.id).values(values))


def _asked(cluster: int, which: ColumnElement[bool]) -> Any:
    """Conditions with the last round of their cluster, in which all that stands was seen."""
    both = CONDITIONS.join(CLUSTERS, CLUSTERS.c.id == CONDITIONS.c.cluster_id)
    of_it = and_(CONDITIONS.c.cluster_id == cluster, which)
    return select(CONDITIONS, CLUSTERS.c.seen).select_from(both).where(of_it)


def _row(cluster: int, one: Condition) -> Mapping[str, object]:
    return {
        "cluster_id": cluster,
        "subject": one.reading.subject,
        "kind": one.reading.kind,
        "status": one.reading.status,
        "reason": one.reading.reason,
        "message": one.reading.message,
        "since": one.since,
        "began": one.began,
        "changed": one.changed,
    }


def _condition(row: Row[Any]) -> Condition:
    reading = Reading(row.subject, row.kind, row.status, row.reason, row.message)
    last = row.last_seen or row.seen or row.changed
    return Condition(reading, row.since, row.began, row.changed, last)

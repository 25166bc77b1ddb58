"""Conditions of clusters, their members and volumes: what stands, and what stood before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update

from reconciler.model.watched import Condition, Opened, Reading
from reconciler.storage.columns import storable_words
from reconciler.storage.sql_tables import CLUSTERS, CONDITIONS
from reconciler.storage.transitions import follow_condition

Key = tuple[str, str]
_STANDS = CONDITIONS.c.ended.is_(None)


def standing_conditions(connection: Connection, cluster: int) -> Sequence[Condition]:
    """The conditions of a cluster as its last round found them, by subject and kind."""
    rows = connection.execute(_asked(cluster, _STANDS).order_by("subject", "kind"))
    return [_condition(row) for row in rows]


def past_conditions(
    connection: Connection, cluster: int, before: datetime, limit: int
) -> Sequence[tuple[Condition, datetime]]:
    """Conditions that stand no more, with when each ended: the latest that began ``before``, at most ``limit``."""
    ended = and_(CONDITIONS.c.ended.is_not(None), CONDITIONS.c.began < before)
    latest = (CONDITIONS.c.began.desc(), CONDITIONS.c.id.desc())
    rows = connection.execute(_asked(cluster, ended).order_by(*latest).limit(limit))
    return [(_condition(row), row.ended) for row in rows]


def count_conditions(connection: Connection) -> Mapping[tuple[str, str], int]:
    """In how many clusters a kind of condition stands with a status."""
    kind, status = CONDITIONS.c.kind, CONDITIONS.c.status
    clusters = func.count(CONDITIONS.c.cluster_id.distinct())
    asked = select(kind, status, clusters).where(_STANDS).group_by(kind, status)
    return {(row[0], row[1]): row[2] for row in connection.execute(asked)}


def record_conditions(
    connection: Connection, cluster: int, readings: Sequence[Reading], now: datetime
) -> tuple[tuple[Opened, ...], tuple[Condition, ...]]:
    """All readings of one round replace what stood: what was opened, and what ended without another.

    It is a part of ``rounds.record_round``, after which the cluster's last round is ``now``. Only
    rows that change are written. Raises ValueError for two readings of one subject and kind.
    """
    rows = connection.execute(_asked(cluster, _STANDS)).all()
    old: dict[Key, tuple[int, Condition]] = {
        (row.subject, row.kind): (row.id, _condition(row)) for row in rows
    }
    opened: list[Opened] = []
    read: set[Key] = set()
    for reading in map(_storable, readings):
        key = (reading.subject, str(reading.kind))
        if key in read:
            raise ValueError(f"two readings of {key}")
        read.add(key)
        number, known = old.get(key, (None, None))
        step = follow_condition(known, reading, now)
        if isinstance(step, Opened):
            _end(connection, number, known, step.current.began)
            connection.execute(insert(CONDITIONS).values(_row(cluster, step.current)))
            opened.append(step)
        elif known is not None and step.current.reading != known.reading:
            words = {"message": reading.message, "changed": step.current.changed}
            connection.execute(update(CONDITIONS).where(_is(number)).values(words))
    gone = [found for key, found in old.items() if key not in read]
    for number, known in gone:
        _end(connection, number, known, max(now, known.last_seen))
    return tuple(opened), tuple(known for _, known in gone)


def _storable(reading: Reading) -> Reading:
    """As it comes back: else it would differ from what is stored in each round."""
    subject, reason, message = map(
        storable_words, (reading.subject, reading.reason, reading.message)
    )
    return replace(reading, subject=subject, reason=reason, message=message)


def _is(number: int | None) -> ColumnElement[bool]:
    return CONDITIONS.c.id == number


def _end(
    connection: Connection, number: int | None, known: Condition | None, at: datetime
) -> None:
    if known is not None:
        words = {"ended": at, "last_seen": known.last_seen}
        connection.execute(update(CONDITIONS).where(_is(number)).values(words))


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

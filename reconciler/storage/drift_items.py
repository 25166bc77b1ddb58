"""Differences, a row each: since when they are there, how often they came, whether they are gone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update

from reconciler.model.watched import DriftIdentity, DriftItem, DriftReading, Round
from reconciler.storage.columns import storable_words
from reconciler.storage.paging import page_back
from reconciler.storage.sql_tables import CLUSTERS, DRIFT_ITEMS, DRIFT_SPELLS

_PRESENT = DRIFT_ITEMS.c.gone.is_(None)


def present_drift(connection: Connection, cluster: int) -> Sequence[DriftItem]:
    """The differences that are there, the one that is there longest first."""
    asked = _asked(cluster, _PRESENT).order_by(DRIFT_ITEMS.c.since, DRIFT_ITEMS.c.id)
    return [_item(row) for row in connection.execute(asked)]


def past_drift(
    connection: Connection, cluster: int, before: datetime, limit: int
) -> Sequence[DriftItem]:
    """Differences that are gone since a moment ``before``, the latest first.

    At most ``limit``, and all that went in the moment of the last: the next page begins before it.
    """
    gone = DRIFT_ITEMS.c.gone
    which = page_back(connection, gone, DRIFT_ITEMS.c.cluster_id == cluster, before, limit)
    rows = connection.execute(
        _asked(cluster, which).order_by(gone.desc(), DRIFT_ITEMS.c.id.desc())
    )
    return [_item(row) for row in rows]


def count_returns(
    connection: Connection, cluster: int, since: datetime
) -> Mapping[DriftIdentity, int]:
    """How often each difference came at or after ``since``: by it one is known that keeps coming back."""
    both = DRIFT_ITEMS.join(DRIFT_SPELLS, DRIFT_SPELLS.c.item_id == DRIFT_ITEMS.c.id)
    names = [DRIFT_ITEMS.c[name] for name in ("host", "address", "truth", "kind", "code")]
    asked = (
        select(*names, func.count())
        .select_from(both)
        .where(DRIFT_ITEMS.c.cluster_id == cluster, DRIFT_SPELLS.c.began >= since)
        .group_by(DRIFT_ITEMS.c.id, *names)
    )
    return {DriftIdentity(*row[:-1]): row[-1] for row in connection.execute(asked)}


def count_drift(connection: Connection) -> Mapping[tuple[str, str], int]:
    """How many differences are there, by severity and truth."""
    by = (DRIFT_ITEMS.c.severity, DRIFT_ITEMS.c.truth)
    asked = select(*by, func.count()).where(_PRESENT).group_by(*by)
    return {(row[0], row[1]): row[2] for row in connection.execute(asked)}


def record_drift(
    connection: Connection,
    cluster: int,
    found: Round,
    now: datetime,
) -> tuple[tuple[DriftItem, ...], tuple[DriftItem, ...]]:
    """What one round found: the differences that came, and those that went.

    What was not found of a host that is unread is not gone; nor, while any host is, what is of no
    host. It is a part of ``rounds.record_round``, after which the cluster's last round is ``now``.
    Only rows that change are written. Of two readings of one identity the last counts.
    """
    rows = connection.execute(_asked(cluster)).all()
    known = {row.identity: row for row in rows}
    came: list[DriftItem] = []
    read = {_digest(one.identity): _storable(one) for one in found.drift}
    for identity, reading in read.items():
        row = known.get(identity)
        if row is None:
            came.append(_add(connection, cluster, reading, now))
        elif row.gone is not None:
            came.append(_return(connection, row, reading, now))
        else:
            _refresh(connection, row, reading, now)
    missing = [row for key, row in known.items() if row.gone is None and key not in read]
    went: list[DriftItem] = []
    for row in missing:
        if not found.is_whole or row.host in found.unread or (found.unread and not row.host):
            _leave(connection, row)
        else:
            went.append(_take_away(connection, row, now))
    return tuple(came), tuple(went)


def _add(
    connection: Connection, cluster: int, reading: DriftReading, now: datetime
) -> DriftItem:
    item = DriftItem(reading, now, now, now, now, None, 1)
    identity = {"cluster_id": cluster, "identity": _digest(reading.identity)}
    moments = {"first_seen": now, "since": now, "changed": now}
    row = {**identity, **_identity_row(reading), **_row(reading), **moments, "times": 1}
    made = insert(DRIFT_ITEMS).values(row).returning(DRIFT_ITEMS.c.id)
    _begin_spell(connection, connection.execute(made).scalar_one(), now)
    return item


def _return(
    connection: Connection, row: Row[Any], reading: DriftReading, now: datetime
) -> DriftItem:
    moments = {"since": now, "changed": now, "last_seen": None, "gone": None}
    _write(connection, row, {**_row(reading), **moments, "times": row.times + 1})
    _begin_spell(connection, row.id, now)
    return DriftItem(reading, row.first_seen, now, now, now, None, row.times + 1)


def _refresh(
    connection: Connection, row: Row[Any], reading: DriftReading, now: datetime
) -> None:
    changes: dict[str, object] = {} if row.last_seen is None else {"last_seen": None}
    if _reading(row) != reading:
        changes.update(_row(reading), changed=now)
    if changes:
        _write(connection, row, changes)


def _leave(connection: Connection, row: Row[Any]) -> None:
    """It may be there still: when it was seen last is written down before the round moves on."""
    if row.last_seen is None:
        _write(connection, row, {"last_seen": _item(row).last_seen})


def _take_away(connection: Connection, row: Row[Any], now: datetime) -> DriftItem:
    last = _item(row).last_seen
    _write(connection, row, {"last_seen": last, "gone": now})
    open_spell = and_(DRIFT_SPELLS.c.item_id == row.id, DRIFT_SPELLS.c.ended.is_(None))
    connection.execute(update(DRIFT_SPELLS).where(open_spell).values(ended=now))
    return replace(_item(row), last_seen=last, gone=now)


def _write(connection: Connection, row: Row[Any], values: Mapping[str, object]) -> None:
    connection.execute(update(DRIFT_ITEMS).where(DRIFT_ITEMS.c.id == row.id).values(values))


def _begin_spell(connection: Connection, item: int, now: datetime) -> None:
    connection.execute(insert(DRIFT_SPELLS).values(item_id=item, began=now))


def _asked(cluster: int, which: ColumnElement[bool] | None = None) -> Any:
    """Differences with the last round of their cluster."""
    both = DRIFT_ITEMS.join(CLUSTERS, CLUSTERS.c.id == DRIFT_ITEMS.c.cluster_id)
    found = select(DRIFT_ITEMS, CLUSTERS.c.seen).select_from(both)
    found = found.where(DRIFT_ITEMS.c.cluster_id == cluster)
    return found if which is None else found.where(which)


def _digest(identity: DriftIdentity) -> str:
    return hashlib.sha256(json.dumps(astuple(identity)).encode()).hexdigest()


def _storable(reading: DriftReading) -> DriftReading:
    """As it comes back: else it would differ from what is stored in each round."""
    identity = DriftIdentity(*map(storable_words, astuple(reading.identity)))
    words = {name: storable_words(getattr(reading, name)) for name in _TEXTS}
    return replace(reading, identity=identity, **words)


_TEXTS = ("severity", "because", "expected", "actual", "origin")


def _identity_row(reading: DriftReading) -> Mapping[str, str]:
    one = reading.identity
    return {
        "host": one.host,
        "address": one.address,
        "truth": one.truth,
        "kind": one.kind,
        "code": one.code,
    }


def _row(reading: DriftReading) -> dict[str, object]:
    return {name: getattr(reading, name) for name in _TEXTS}


def _reading(row: Row[Any]) -> DriftReading:
    identity = DriftIdentity(row.host, row.address, row.truth, row.kind, row.code)
    return DriftReading(
        identity, row.severity, row.because, row.expected, row.actual, row.origin
    )


def _item(row: Row[Any]) -> DriftItem:
    last = row.last_seen or row.seen or row.changed
    past = (row.first_seen, row.since, row.changed, last, row.gone, row.times)
    return DriftItem(_reading(row), *past)

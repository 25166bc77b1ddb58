"""What is measured of all clusters at once: one query each, however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from reconciler.model.addresses import member_address
from reconciler.model.watched import HEALING_STOPPED
from reconciler.storage.sql_tables import CLUSTERS, CONDITIONS, DOCUMENTS, DRIFT_ITEMS, SAMPLES


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a cluster; ``words`` tell what it counts."""

    file: str
    cluster: str
    words: tuple[str, ...]
    value: float


def last_rounds(connection: Connection) -> Sequence[tuple[str, str, datetime | None]]:
    """File and name of each cluster, and its last round."""
    asked = select(CLUSTERS.c.file, CLUSTERS.c.name, CLUSTERS.c.seen).order_by(CLUSTERS.c.id)
    return [(row[0], row[1], row[2]) for row in connection.execute(asked)]


def measure_conditions(connection: Connection) -> Sequence[Measure]:
    """How many subjects of each cluster have a condition of a kind and a status."""
    by = (CONDITIONS.c.kind, CONDITIONS.c.status)
    both = CONDITIONS.join(CLUSTERS, CLUSTERS.c.id == CONDITIONS.c.cluster_id)
    asked = _counted(*by).select_from(both).where(CONDITIONS.c.ended.is_(None))
    return _measures(connection, asked.group_by(CLUSTERS.c.id, *by))


def measure_hosts(connection: Connection) -> Sequence[Measure]:
    """How many members of each cluster do not answer."""
    is_lost = case((CONDITIONS.c.status == "True", 1), else_=0)
    both = CONDITIONS.join(CLUSTERS, CLUSTERS.c.id == CONDITIONS.c.cluster_id)
    asked = (
        select(CLUSTERS.c.file, CLUSTERS.c.name, func.sum(is_lost))
        .select_from(both)
        .where(
            CONDITIONS.c.ended.is_(None),
            CONDITIONS.c.kind == "Unreachable",
            CONDITIONS.c.subject.startswith(member_address(""), autoescape=True),
        )
    )
    return _measures(connection, asked.group_by(CLUSTERS.c.id))


def measure_stopped_healing(connection: Connection) -> Sequence[Measure]:
    """How many subjects of each cluster are not healed any more, by the reason."""
    both = CONDITIONS.join(CLUSTERS, CLUSTERS.c.id == CONDITIONS.c.cluster_id)
    asked = (
        _counted(CONDITIONS.c.reason)
        .select_from(both)
        .where(
            CONDITIONS.c.ended.is_(None),
            CONDITIONS.c.kind == "Healing",
            CONDITIONS.c.reason.in_(HEALING_STOPPED),
        )
    )
    return _measures(connection, asked.group_by(CLUSTERS.c.id, CONDITIONS.c.reason))


def last_statuses(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """File and name of each cluster, and its last status as text."""
    both = DOCUMENTS.join(CLUSTERS, CLUSTERS.c.id == DOCUMENTS.c.cluster_id)
    asked = (
        select(CLUSTERS.c.file, CLUSTERS.c.name, DOCUMENTS.c.text)
        .select_from(both)
        .where(DOCUMENTS.c.kind == "status")
        .order_by(CLUSTERS.c.id)
    )
    for row in connection.execute(asked):
        yield row[0], row[1], row[2]


def measure_drift(connection: Connection) -> Sequence[Measure]:
    """How many differences of each cluster there are, by severity, truth and address."""
    by = (DRIFT_ITEMS.c.severity, DRIFT_ITEMS.c.truth, DRIFT_ITEMS.c.address)
    both = DRIFT_ITEMS.join(CLUSTERS, CLUSTERS.c.id == DRIFT_ITEMS.c.cluster_id)
    asked = _counted(*by).select_from(both).where(DRIFT_ITEMS.c.gone.is_(None))
    return _measures(connection, asked.group_by(CLUSTERS.c.id, *by))


def measure_volumes(connection: Connection) -> Sequence[tuple[Measure, Measure]]:
    """Size and used bytes of each volume as it was sampled last."""
    newest = (
        select(SAMPLES.c.cluster_id, SAMPLES.c.volume, func.max(SAMPLES.c.id).label("id"))
        .group_by(SAMPLES.c.cluster_id, SAMPLES.c.volume)
        .subquery()
    )
    both = SAMPLES.join(newest, newest.c.id == SAMPLES.c.id).join(
        CLUSTERS, CLUSTERS.c.id == SAMPLES.c.cluster_id
    )
    columns = (
        CLUSTERS.c.file,
        CLUSTERS.c.name,
        SAMPLES.c.volume,
        SAMPLES.c.size,
        SAMPLES.c.used,
    )
    rows = connection.execute(select(*columns).select_from(both).order_by(SAMPLES.c.id))
    return [
        (Measure(file, name, (volume,), size), Measure(file, name, (volume,), used))
        for file, name, volume, size, used in rows
    ]


def _counted(*by: ColumnElement[str]) -> Any:
    """A count of rows of each cluster, by what ``by`` has."""
    return select(CLUSTERS.c.file, CLUSTERS.c.name, *by, func.count())


def _measures(connection: Connection, asked: Any) -> Sequence[Measure]:
    rows = connection.execute(asked)
    return [Measure(file, name, tuple(by), count) for file, name, *by, count in rows]

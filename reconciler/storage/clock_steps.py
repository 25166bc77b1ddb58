"""What a wrong clock wrote of the time to come, after the clock was set right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, select, update

from reconciler.storage.columns import Moment
from reconciler.storage.sql_tables import (
    CLUSTERS,
    CONDITIONS,
    DOCUMENTS,
    DRIFT_ITEMS,
    DRIFT_SPELLS,
    OBSERVATIONS,
    SAMPLES,
)


def correct_moments(connection: Connection, cluster: int, now: datetime) -> None:
    """No moment of a cluster is later than ``now`` any more, and their order is as it was.

    Samples from then are deleted: a trend needs their true time, which nobody knows.
    """
    wrong = (SAMPLES.c.cluster_id == cluster, SAMPLES.c.at > now)
    connection.execute(delete(SAMPLES).where(*wrong))
    for table, which in _of_cluster(cluster):
        for column in table.c:
            if isinstance(column.type, Moment):
                late = update(table).where(which, column > now)
                connection.execute(late.values({column.name: now}))


def _of_cluster(cluster: int) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    yield CLUSTERS, CLUSTERS.c.id == cluster
    for table in (CONDITIONS, DOCUMENTS, DRIFT_ITEMS, OBSERVATIONS):
        yield table, table.c.cluster_id == cluster
    items = select(DRIFT_ITEMS.c.id).where(DRIFT_ITEMS.c.cluster_id == cluster)
    yield DRIFT_SPELLS, DRIFT_SPELLS.c.item_id.in_(items)

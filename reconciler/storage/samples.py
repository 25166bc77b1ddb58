"""Samples of the volumes' sizes and fill: as many as a trend needs, not one a round."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from reconciler.model.watched import Sample
from reconciler.storage.sql_tables import SAMPLES

# A volume of the same size has at most one sample in this time.
APART = timedelta(hours=1)


def record_sizes(
    connection: Connection, cluster: int, sizes: Sequence[tuple[str, int, int]], now: datetime
) -> None:
    """Store label, size and used bytes of volumes, where the last sample is old or of another size."""
    for volume, size, used in sizes:
        last = _latest(connection, cluster, volume)
        if last is None or last.size != size or now - last.at >= APART:
            row = {"volume": volume, "size": size, "used": used, "at": now}
            connection.execute(insert(SAMPLES).values(cluster_id=cluster, **row))


def volume_samples(
    connection: Connection, cluster: int, volume: str, since: datetime
) -> Sequence[Sample]:
    """The samples of a volume from ``since`` on, the earliest first."""
    at = SAMPLES.c.at
    asked = _asked(cluster, volume).where(at >= since).order_by(at, SAMPLES.c.id)
    return [Sample(*row) for row in connection.execute(asked)]


def _latest(connection: Connection, cluster: int, volume: str) -> Sample | None:
    asked = _asked(cluster, volume).order_by(SAMPLES.c.at.desc(), SAMPLES.c.id.desc()).limit(1)
    row = connection.execute(asked).one_or_none()
    return None if row is None else Sample(*row)


def _asked(cluster: int, volume: str) -> Any:
    found = SAMPLES.c
    return select(found.volume, found.size, found.used, found.at).where(
        found.cluster_id == cluster, found.volume == volume
    )

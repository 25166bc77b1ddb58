"""What is measured of a fleet as a whole: one query each, however many clusters it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, case, func, select

from reconciler.storage.fleet_files import FleetSource, fleet_source
from reconciler.storage.fleet_tables import FLEET_CLUSTERS, FLEET_FILES, FLEET_TURNS, WORKERS
from reconciler.storage.fleet_workers import ALIVE, database_now

# Who is due for so long has not been taken by any worker: far longer than it takes to give a turn.
OVERDUE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class ZoneMeasure:
    """How many clusters a zone has; how many of them are overdue, and how many are paused."""

    clusters: int
    overdue: int
    paused: int


@dataclass(frozen=True, slots=True)
class FleetMeasure:
    """How many workers are alive; zones by name; turns that go on by kind; files that are not taken over."""

    workers: int
    zones: Mapping[str, ZoneMeasure]
    turns: Mapping[str, int]
    problems: int
    source: FleetSource | None


def measure_fleet(connection: Connection) -> FleetMeasure:
    """All of one moment."""
    alive = select(func.count()).select_from(WORKERS).where(WORKERS.c.state == ALIVE)
    wrong = select(func.count()).select_from(FLEET_FILES).where(FLEET_FILES.c.problem != "")
    going = select(FLEET_TURNS.c.kind, func.count()).where(FLEET_TURNS.c.ended.is_(None))
    turns = connection.execute(going.group_by(FLEET_TURNS.c.kind))
    return FleetMeasure(
        connection.execute(alive).scalar_one(),
        _zones(connection),
        {row[0]: row[1] for row in turns},
        connection.execute(wrong).scalar_one(),
        fleet_source(connection),
    )


def _zones(connection: Connection) -> Mapping[str, ZoneMeasure]:
    one = FLEET_CLUSTERS.c
    is_late = (one.due < database_now(connection) - OVERDUE) & (one.paused == "")
    late, paused = (
        func.sum(case((which, 1), else_=0)) for which in (is_late, one.paused != "")
    )
    rows = connection.execute(select(one.zone, func.count(), late, paused).group_by(one.zone))
    return {row[0]: ZoneMeasure(row[1], row[2], row[3]) for row in rows}

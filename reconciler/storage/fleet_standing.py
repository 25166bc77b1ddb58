"""What pages show of clusters in a fleet: their zone, the commit of their file, who has or had their turns.

Who reads it needs no text of any file, and has no right to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select

from reconciler.storage.fleet_tables import FLEET_CLUSTERS, FLEET_FILES, FLEET_TURNS, WORKERS


@dataclass(frozen=True, slots=True)
class FleetStanding:
    """Where a cluster stands. ``commit`` is where its file was changed last, empty without git;
    ``problem`` is why what the file says now is not taken over; ``paused`` says who paused it and why;
    ``is_at_work`` is whether a worker has its turn."""

    zone: str
    commit: str
    problem: str
    due: datetime
    failures: int
    paused: str
    is_at_work: bool


@dataclass(frozen=True, slots=True)
class FileStanding:
    """Of a file of the fleet the commit where it was changed last, and why it is not taken over."""

    commit: str
    problem: str


def fleet_standing(connection: Connection, cluster: str) -> FleetStanding | None:
    """Where a cluster stands in its fleet; None if it is in none."""
    return fleet_standings(connection, {cluster}).get(cluster)


def fleet_standings(
    connection: Connection, names: Collection[str]
) -> Mapping[str, FleetStanding]:
    """By name where each of these clusters stands that is in a fleet; of a page full of them."""
    one, file = FLEET_CLUSTERS.c, FLEET_FILES.c
    goes_on = exists().where(FLEET_TURNS.c.cluster == one.name, FLEET_TURNS.c.ended.is_(None))
    about = (one.zone, file.commit, file.problem, one.due, one.failures, one.paused, goes_on)
    both = FLEET_CLUSTERS.join(FLEET_FILES, file.identity == one.file)
    asked = select(one.name, *about).select_from(both).where(one.name.in_(sorted(names)))
    return {row[0]: FleetStanding(*row[1:]) for row in connection.execute(asked)}


def file_standings(connection: Connection) -> Mapping[str, FileStanding]:
    """Where each file stands, by its path."""
    file = FLEET_FILES.c
    rows = connection.execute(select(file.file, file.commit, file.problem).order_by(file.file))
    return {row.file: FileStanding(row.commit, row.problem) for row in rows}


def hosts_of(connection: Connection, workers: Collection[str]) -> Mapping[str, str]:
    """By life the host of each of these workers that is known still; of a page full of them."""
    asked = select(WORKERS.c.id, WORKERS.c.host).where(WORKERS.c.id.in_(sorted(workers)))
    return {row.id: row.host for row in connection.execute(asked)}


def workers_of_runs(
    connection: Connection, runs: Collection[str]
) -> Mapping[str, tuple[str, str]]:
    """By run the life of its worker and the machine of that, as long as the turn is known."""
    one = FLEET_TURNS.c
    both = FLEET_TURNS.outerjoin(WORKERS, WORKERS.c.id == one.worker)
    asked = select(one.run, one.worker, WORKERS.c.host).select_from(both)
    rows = connection.execute(asked.where(one.run.in_(sorted(runs))).order_by(one.id))
    return {row.run: (row.worker, row.host or "") for row in rows}

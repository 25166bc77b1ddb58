"""Turns of clusters in a fleet: of one cluster only one goes on, whoever has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select, update

from reconciler.storage.fleet_tables import FLEET_TURNS
from reconciler.storage.fleet_workers import database_now
from reconciler.storage.upserts import insert_new

_GOES_ON = FLEET_TURNS.c.ended.is_(None)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a worker does, or did, with a cluster. ``kind`` is look or apply; of one that goes on
    ``ended`` is None. ``run`` is empty where nothing is recorded."""

    id: int
    cluster: str
    kind: str
    worker: str
    run: str
    began: datetime
    ended: datetime | None
    result: str


def begin_turn(
    connection: Connection, cluster: str, kind: str, worker: str, run: str
) -> int | None:
    """The number of a turn that begins; None if another of the cluster goes on."""
    words = {"cluster": cluster, "kind": kind, "worker": worker, "run": run, "result": ""}
    began = {"began": database_now(connection)}
    number: int | None = insert_new(connection, FLEET_TURNS, {**words, **began})
    return number


def name_run(connection: Connection, cluster: str, run: str) -> None:
    """The cluster's turn that goes on has a record: that of a run that begins in it."""
    its = update(FLEET_TURNS).where(FLEET_TURNS.c.cluster == cluster, _GOES_ON)
    connection.execute(its.values(run=run))


def end_turn(connection: Connection, turn: int, result: str) -> bool:
    """Whether the turn ends with that; not if somebody has ended it for its worker."""
    ours = update(FLEET_TURNS).where(FLEET_TURNS.c.id == turn, _GOES_ON)
    ended = ours.values(ended=database_now(connection), result=result)
    return connection.execute(ended).rowcount == 1


def end_turns_of(connection: Connection, worker: str, result: str) -> Sequence[Turn]:
    """End all turns of a worker that go on, with a result: which."""
    its = update(FLEET_TURNS).where(FLEET_TURNS.c.worker == worker, _GOES_ON)
    ended = its.values(ended=database_now(connection), result=result).returning(FLEET_TURNS)
    found = [_turn(row) for row in connection.execute(ended)]
    return sorted(found, key=lambda turn: turn.id)


def going_turns(connection: Connection) -> Sequence[Turn]:
    """The turns that go on, by cluster."""
    return _turns(
        connection, select(FLEET_TURNS).where(_GOES_ON).order_by(FLEET_TURNS.c.cluster)
    )


def turn_history(connection: Connection, cluster: str, limit: int) -> Sequence[Turn]:
    """At most ``limit`` turns of a cluster, the last one first."""
    asked = select(FLEET_TURNS).where(FLEET_TURNS.c.cluster == cluster)
    order = (FLEET_TURNS.c.began.desc(), FLEET_TURNS.c.id.desc())
    return _turns(connection, asked.order_by(*order).limit(limit))


def lost_turns(connection: Connection) -> Mapping[str, Sequence[str]]:
    """By life of a worker that was given up, the clusters whose turns it had then."""
    found: dict[str, list[str]] = {}
    asked = select(FLEET_TURNS.c.worker, FLEET_TURNS.c.cluster)
    lost = asked.where(FLEET_TURNS.c.result == "lost").order_by(FLEET_TURNS.c.cluster)
    for row in connection.execute(lost):
        found.setdefault(row.worker, []).append(row.cluster)
    return found


def forget_turns(connection: Connection, before: datetime) -> int:
    """Delete turns that ended before a moment: how many."""
    return connection.execute(delete(FLEET_TURNS).where(FLEET_TURNS.c.ended < before)).rowcount


def _turns(connection: Connection, asked: Select[Any]) -> Sequence[Turn]:
    return [_turn(row) for row in connection.execute(asked)]


def _turn(row: Row[Any]) -> Turn:
    about = (row.id, row.cluster, row.kind, row.worker, row.run)
    return Turn(*about, row.began, row.ended, row.result)

"""The lives of workers: who works, when each was heard of last, and whose life is over.

A row is a life: from a start, or a database that came back, until it ended or was given up. Who
writes for a worker asks first whether its life goes on (``require_alive``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from reconciler.errors import WorkerLost
from reconciler.storage.columns import Moment
from reconciler.storage.fleet_identity import next_life
from reconciler.storage.fleet_tables import WORKERS

ALIVE, LOST, ENDED = "alive", "lost", "ended"


@dataclass(frozen=True, slots=True)
class Life:
    """A worker from its start to its end. ``session`` is PostgreSQL's process that has its locks."""

    id: str
    zones: tuple[str, ...]
    host: str
    pid: int
    version: str
    session: int


@dataclass(frozen=True, slots=True)
class WorkerRow(Life):
    """A life as it is stored. ``number`` is greater than that of each life before it."""

    number: int
    started: datetime
    seen: datetime
    state: str


def database_now(connection: Connection) -> datetime:
    """The time by the database's clock: one clock for all workers."""
    asked = select(func.clock_timestamp(type_=Moment))
    if connection.dialect.name == "sqlite":
        # strftime counts milliseconds
        asked = select(func.strftime("%Y-%m-%d %H:%M:%f", "now", type_=Moment))
    return connection.execute(asked).scalar_one()


def begin_life(connection: Connection, life: Life) -> int:
    """The number of a life that begins. Raises StoreFailed where the database is no fleet's."""
    number, now = next_life(connection), database_now(connection)
    row = {name: getattr(life, name) for name in ("id", "host", "pid", "version", "session")}
    row |= {"zones": json.dumps(life.zones), "number": number, "state": ALIVE}
    connection.execute(insert(WORKERS).values(**row, started=now, seen=now))
    return number


def beat(connection: Connection, worker: str) -> None:
    """The worker was heard of now. Raises WorkerLost if its life is over."""
    ours = update(WORKERS).where(WORKERS.c.id == worker, WORKERS.c.state == ALIVE)
    if not connection.execute(ours.values(seen=database_now(connection))).rowcount:
        raise _lost(connection, worker)


def end_life(connection: Connection, worker: str) -> None:
    """The worker ends by itself; one that was given up stays lost."""
    ours = update(WORKERS).where(WORKERS.c.id == worker, WORKERS.c.state == ALIVE)
    connection.execute(ours.values(state=ENDED))


def require_alive(connection: Connection, worker: str) -> None:
    """Nobody gives up the worker before this transaction ends. Raises WorkerLost if its life is over.

    Heartbeats go on meanwhile: they take no lock that this one is in the way of.
    """
    asked = select(WORKERS.c.state).where(WORKERS.c.id == worker)
    # The weakest lock there is; ``mark_lost`` takes the strongest, the only one that it stops.
    state = connection.execute(asked.with_for_update(read=True, key_share=True)).scalar()
    if state != ALIVE:
        raise _lost(connection, worker)


def mark_lost(connection: Connection, silent: float) -> Sequence[WorkerRow]:
    """Give up all that were not heard of for so many seconds: each is told to one caller.

    One that is writing just now is left for the next time.
    """
    before = database_now(connection) - timedelta(seconds=silent)
    late = select(WORKERS).where(WORKERS.c.state == ALIVE, WORKERS.c.seen < before)
    late = late.order_by(WORKERS.c.number).with_for_update(skip_locked=True)
    rows = connection.execute(late).all()
    for row in rows:
        connection.execute(update(WORKERS).where(WORKERS.c.id == row.id).values(state=LOST))
    return [_worker(row, LOST) for row in rows]


def workers(connection: Connection) -> Sequence[WorkerRow]:
    """All lives that are known, the last one first."""
    rows = connection.execute(select(WORKERS).order_by(WORKERS.c.number.desc()))
    return [_worker(row, row.state) for row in rows]


def served_zones(connection: Connection) -> frozenset[str]:
    """The zones that a worker serves who is alive."""
    rows = connection.execute(select(WORKERS.c.zones).where(WORKERS.c.state == ALIVE))
    return frozenset(zone for row in rows for zone in json.loads(row.zones))


def forget_workers(connection: Connection, before: datetime) -> int:
    """Delete lives that are over and were heard of last before a moment: how many."""
    old = delete(WORKERS).where(WORKERS.c.state != ALIVE, WORKERS.c.seen < before)
    return connection.execute(old).rowcount


def _lost(connection: Connection, worker: str) -> WorkerLost:
    return WorkerLost(connection.engine.url.render_as_string(hide_password=True), worker)


def _worker(row: Row[Any], state: str) -> WorkerRow:
    zones = tuple(json.loads(row.zones))
    about = (row.id, zones, row.host, row.pid, row.version, row.session)
    return WorkerRow(*about, row.number, row.started, row.seen, state)

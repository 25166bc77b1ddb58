"""The index of runs: what their records say, so that a list of them opens no file."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from reconciler.model.outcome import AT_WORK, CUT_OFF
from reconciler.storage.batches import batches
from reconciler.storage.sql_tables import RUN_CLUSTERS, RUN_LINES, RUNS


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as its record told when its file had ``stamp``, which is empty where the file may have
    changed since without showing it.

    ``settled``: the record is whole and has its end. ``outline``
    are the lines that a list of runs needs, None where all are needed. ``clusters`` has the result
    of each, ``counts`` how many actions ended how, ``lines`` how many the record has. ``worker`` is
    the life of the worker whose file it is, empty where there is one daemon.
    """

    run: str
    stamp: str
    settled: bool
    started: datetime | None
    ended: datetime | None
    result: str
    plan: str
    who: str
    file: str
    lines: int
    outline: bytes | None
    clusters: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    worker: str = ""


# A statement has a limit of values.
MOST_VALUES = 500
# The stamp of a record whose worker is gone: that of no file, so that whoever finds one reads it.
ELSEWHERE = "elsewhere"
_FIELDS = ("stamp", "settled", "started", "ended", "result", "plan", "who", "file", "lines")


def store_run(connection: Connection, run: StoredRun, texts: Sequence[bytes]) -> None:
    """``texts``, the lines of the record without line feeds, and what they say, replace what was stored.

    Of a run that went on only what is new is written.
    """
    known = connection.execute(select(RUNS.c.id).where(RUNS.c.run == run.run)).scalar()
    if known is None:
        made = insert(RUNS).values(run=run.run, **_row(run)).returning(RUNS.c.id)
        known = connection.execute(made).scalar_one()
        _store_clusters(connection, known, run)
    else:
        _update(connection, known, run)
    _store_lines(connection, known, texts)


def extend_run(
    connection: Connection, run: StoredRun, after: int, texts: Sequence[bytes]
) -> bool:
    """As ``store_run`` of a record that has grown by ``texts`` ``after`` so many lines.

    Nothing is stored, and the answer is False, where those lines are not all stored.
    """
    known = connection.execute(select(RUNS.c.id).where(RUNS.c.run == run.run)).scalar()
    of_it, number = RUN_LINES.c.run_id == known, RUN_LINES.c.number
    count = select(func.count()).select_from(RUN_LINES).where(of_it, number <= after)
    if known is None or connection.execute(count).scalar_one() != after:
        return False
    _update(connection, known, run)
    connection.execute(delete(RUN_LINES).where(of_it, number > after))
    _insert_lines(connection, known, after, texts)
    return True


def _row(run: StoredRun) -> dict[str, Any]:
    row = {name: getattr(run, name) for name in (*_FIELDS, "worker")}
    return row | {"outline": run.outline, "counts": json.dumps(dict(run.counts))}


def _update(connection: Connection, known: int, run: StoredRun) -> None:
    connection.execute(update(RUNS).where(RUNS.c.id == known).values(_row(run)))
    connection.execute(delete(RUN_CLUSTERS).where(RUN_CLUSTERS.c.run_id == known))
    _store_clusters(connection, known, run)


def _store_clusters(connection: Connection, known: int, run: StoredRun) -> None:
    for name, result in run.clusters.items():
        connection.execute(insert(RUN_CLUSTERS).values(run_id=known, name=name, result=result))


def _store_lines(connection: Connection, run: int, texts: Sequence[bytes]) -> None:
    of_it, number = RUN_LINES.c.run_id == run, RUN_LINES.c.number
    asked = select(RUN_LINES.c.text).where(of_it).order_by(number)
    stored = connection.execute(asked).scalars().all()
    same = takewhile(lambda pair: pair[0] == pair[1], zip(stored, texts, strict=False))
    kept = sum(1 for _ in same)
    if kept < len(stored):
        connection.execute(delete(RUN_LINES).where(of_it, number > kept))
    _insert_lines(connection, run, kept, texts[kept:])


def _insert_lines(connection: Connection, run: int, after: int, texts: Sequence[bytes]) -> None:
    rows = [
        {"run_id": run, "number": place, "text": text}
        for place, text in enumerate(texts, after + 1)
    ]
    if rows:
        connection.execute(insert(RUN_LINES), rows)


def drop_run(connection: Connection, run: str) -> None:
    """Forget a run whose record is not there any more."""
    connection.execute(delete(RUNS).where(RUNS.c.run == run))


def forget_runs(connection: Connection, before: datetime, limit: int) -> int:
    """Delete runs that are over and began before a moment, ``limit`` at most, the oldest first: how many."""
    old = select(RUNS.c.id).where(RUNS.c.started < before, RUNS.c.result != AT_WORK)
    oldest = old.order_by(RUNS.c.started, RUNS.c.id).limit(limit)
    return connection.execute(delete(RUNS).where(RUNS.c.id.in_(oldest))).rowcount


def find_run(connection: Connection, run: str) -> StoredRun | None:
    """The run of an id; None if it is not stored."""
    row = connection.execute(select(RUNS).where(RUNS.c.run == run)).one_or_none()
    return None if row is None else _runs(connection, [row])[0]


def known_runs(connection: Connection, runs: Collection[str]) -> frozenset[str]:
    """Those of these ids of which a run is stored."""
    found: list[str] = []
    for some in batches(sorted(runs)):
        asked = select(RUNS.c.run).where(RUNS.c.run.in_(some))
        found += connection.execute(asked).scalars()
    return frozenset(found)


def latest_runs(
    connection: Connection, limit: int, before: str = "", cluster: str = ""
) -> Sequence[StoredRun]:
    """At most ``limit`` runs, the latest first: those before the id ``before``, of a cluster's name."""
    asked = select(RUNS)
    if before:
        asked = asked.where(RUNS.c.run < before)
    if cluster:
        in_it = and_(RUN_CLUSTERS.c.run_id == RUNS.c.id, RUN_CLUSTERS.c.name == cluster)
        asked = asked.where(select(RUN_CLUSTERS.c.run_id).where(in_it).exists())
    rows = connection.execute(asked.order_by(RUNS.c.run.desc()).limit(limit)).all()
    return _runs(connection, rows)


def run_outlines(connection: Connection, first: str) -> Mapping[str, tuple[str, bytes]]:
    """Stamp and outline of each settled run that has one, from the id ``first`` on."""
    asked = select(RUNS.c.run, RUNS.c.stamp, RUNS.c.outline).where(
        RUNS.c.run >= first, RUNS.c.settled, RUNS.c.outline.is_not(None)
    )
    return {row.run: (row.stamp, row.outline) for row in connection.execute(asked)}


def run_stamps(
    connection: Connection, runs: Collection[str] | None = None
) -> Mapping[str, str]:
    """The stamp of each run that is stored, of ``runs`` if they are named."""
    asked = select(RUNS.c.run, RUNS.c.stamp)
    if runs is None:
        return {row.run: row.stamp for row in connection.execute(asked)}
    found: dict[str, str] = {}
    names = sorted(runs)
    for first in range(0, len(names), MOST_VALUES):
        some = asked.where(RUNS.c.run.in_(names[first : first + MOST_VALUES]))
        found |= {row.run: row.stamp for row in connection.execute(some)}
    return found


def cut_off_runs(connection: Connection, worker: str) -> Sequence[str]:
    """The runs of a worker whose life is over are at work no more: which.

    Their files are read again if another life of it finds them.
    """
    its = and_(RUNS.c.worker == worker, RUNS.c.result == AT_WORK)
    rows = connection.execute(
        select(RUNS.c.id, RUNS.c.run).where(its).order_by(RUNS.c.run)
    ).all()
    for row in rows:
        one = update(RUNS).where(RUNS.c.id == row.id)
        connection.execute(one.values(result=CUT_OFF, stamp=ELSEWHERE))
        its = and_(RUN_CLUSTERS.c.run_id == row.id, RUN_CLUSTERS.c.result == AT_WORK)
        connection.execute(update(RUN_CLUSTERS).where(its).values(result=CUT_OFF))
    return [row.run for row in rows]


def run_lines(connection: Connection, run: str, after: int = 0) -> Sequence[bytes]:
    """The lines of a run's record that are stored, ``after`` the line of that number."""
    both = RUN_LINES.join(RUNS, RUNS.c.id == RUN_LINES.c.run_id)
    asked = select(RUN_LINES.c.text).select_from(both)
    asked = asked.where(RUNS.c.run == run, RUN_LINES.c.number > after)
    return [row.text for row in connection.execute(asked.order_by(RUN_LINES.c.number))]


def count_runs(connection: Connection) -> Mapping[str, int]:
    """How many runs ended how."""
    asked = select(RUNS.c.result, func.count()).group_by(RUNS.c.result)
    return {row[0]: row[1] for row in connection.execute(asked)}


def _runs(connection: Connection, rows: Sequence[Row[Any]]) -> list[StoredRun]:
    asked = select(RUN_CLUSTERS).where(RUN_CLUSTERS.c.run_id.in_([row.id for row in rows]))
    clusters: dict[int, dict[str, str]] = {}
    for found in connection.execute(asked):
        clusters.setdefault(found.run_id, {})[found.name] = found.result
    return [_run(row, clusters.get(row.id, {})) for row in rows]


def _run(row: Row[Any], clusters: Mapping[str, str]) -> StoredRun:
    fields = {name: getattr(row, name) for name in _FIELDS}
    counts = json.loads(row.counts)
    beside = {"clusters": clusters, "counts": counts, "worker": row.worker}
    return StoredRun(run=row.run, outline=row.outline, **beside, **fields)

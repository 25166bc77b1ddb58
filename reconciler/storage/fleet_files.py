"""The files of a fleet as they were at a commit, and which clusters they want.

They are in the database, so that all workers want the same, also while the source cannot be had.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from reconciler.storage.batches import batches
from reconciler.storage.clusters import drop_clusters, named_clusters
from reconciler.storage.columns import storable_words
from reconciler.storage.fleet_schedule import CHANGED
from reconciler.storage.fleet_tables import FLEET_CLUSTERS, FLEET_FILES
from reconciler.storage.fleet_workers import database_now
from reconciler.storage.meta_words import begin_word, read_word, write_word

SOURCE, ASKED = "source", "source-asked"
# When a source was fetched that never was.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FleetFile:
    """A file that says what is wanted. ``commit`` is where it was changed last, empty without git;
    ``problem`` is why what it says now is not taken over, so that ``text`` is an older one."""

    file: str
    text: str = field(repr=False)
    commit: str
    problem: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A cluster that a file wants."""

    name: str
    file: str
    zone: str


@dataclass(frozen=True, slots=True)
class FleetChange:
    """Names of clusters: that are new, whose file says something else, that nobody wants any more."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetSource:
    """What was taken over of a source, and when it was last found to be what is wanted.

    ``fetched_at`` is when the fetch began that found it so, ``problem`` why a later one did not.
    That is ``NEVER`` of one that could not be read yet. ``address`` is of the repository or the
    directory.
    """

    commit: str
    ref: str
    fetched_at: datetime
    problem: str
    address: str = ""


def keep_fleet_files(
    connection: Connection, files: Sequence[FleetFile], wanted: Sequence[Wanted]
) -> FleetChange:
    """These are all files, and all clusters that are wanted: what that changes.

    New and changed clusters are due at once. What is known of one that is gone is forgotten.
    """
    rewritten = _keep_files(connection, files)
    known = {row.name: row for row in connection.execute(select(FLEET_CLUSTERS))}
    new, changed = [], []
    for one in sorted(wanted, key=lambda cluster: cluster.name):
        row = known.get(one.name)
        if row is None:
            new.append(one)
        elif one.file in rewritten or (row.file, row.zone) != (_identity(one.file), one.zone):
            changed.append(one)
    _add(connection, new)
    _move(connection, changed)
    gone = sorted(known.keys() - {one.name for one in wanted})
    _forget(connection, gone)
    _drop_files(connection, {_identity(one.file) for one in files})
    return FleetChange(_names(new), _names(changed), tuple(gone))


def fleet_file_of(connection: Connection, cluster: str) -> FleetFile | None:
    """The file that wants a cluster; None if nobody does."""
    both = FLEET_FILES.join(FLEET_CLUSTERS, FLEET_CLUSTERS.c.file == FLEET_FILES.c.identity)
    asked = select(FLEET_FILES).select_from(both).where(FLEET_CLUSTERS.c.name == cluster)
    row = connection.execute(asked).one_or_none()
    return None if row is None else _file(row)


def fleet_files(connection: Connection) -> Sequence[FleetFile]:
    """All files, by path."""
    rows = connection.execute(select(FLEET_FILES).order_by(FLEET_FILES.c.file))
    return [_file(row) for row in rows]


def fleet_source(connection: Connection) -> FleetSource | None:
    """Where the source is; None before it was fetched."""
    found = read_word(connection, SOURCE)
    return _source(found) if found else None


def claim_fetch(connection: Connection, every: timedelta) -> datetime | None:
    """The moment, for who fetches the source now; None where somebody began since ``every``.

    Who has it tells what came of it by ``set_fleet_source``, with this moment.
    """
    now = database_now(connection)
    before = begin_word(connection, ASKED, "")
    if before and timedelta() <= now - datetime.fromisoformat(before) < every:
        return None
    write_word(connection, ASKED, now.isoformat())
    return now


def set_fleet_source(
    connection: Connection, source: FleetSource, after: FleetSource | None = None
) -> bool:
    """Whether the source is there now; not if a fetch that began later has said it already, nor
    if something else has been taken over than what it comes ``after``.

    Nobody else says so before the transaction ends: whoever may goes on with what it fetched.
    """
    before = begin_word(connection, SOURCE, "")
    if before and _is_outpaced(_source(before), source, after):
        return False
    words = {key: getattr(source, key) for key in ("commit", "ref", "problem", "address")}
    at = {"fetched_at": source.fetched_at.isoformat()}
    write_word(connection, SOURCE, json.dumps(words | at))
    return True


def _is_outpaced(found: FleetSource, source: FleetSource, after: FleetSource | None) -> bool:
    if after is not None and _taken(found) != _taken(after):
        return True
    return found.fetched_at > source.fetched_at


def _taken(source: FleetSource) -> tuple[str, str, str]:
    return source.address, source.ref, source.commit


def _source(text: str) -> FleetSource:
    found = json.loads(text)
    at = datetime.fromisoformat(found["fetched_at"])
    words = (found["commit"], found["ref"], at, found["problem"])
    return FleetSource(*words, found.get("address", ""))


def _keep_files(connection: Connection, files: Sequence[FleetFile]) -> set[str]:
    """Those that say something else than before; where only commit or problem is another, that is written.

    All in a few statements: who has a turn waits for rows that are changed here.
    """
    before = {one.file: one for one in fleet_files(connection)}
    added, other, rewritten = [], [], set()
    for one in {storable_words(one.file): one for one in files}.values():
        old = before.get(storable_words(one.file))
        row = {"text": one.text, "commit": one.commit, "problem": one.problem, "at": one.at}
        if old is None:
            added.append(row | {"identity": _identity(one.file), "file": one.file})
        elif _words(old) != _words(one):
            other.append(row | {"this": _identity(one.file)})
        if old is None or old.text != storable_words(one.text):
            rewritten.add(one.file)
    if added:
        connection.execute(insert(FLEET_FILES), added)
    if other:
        this = FLEET_FILES.c.identity == bindparam("this")
        connection.execute(update(FLEET_FILES).where(this), other)
    return rewritten


def _words(one: FleetFile) -> tuple[str, str, str]:
    return storable_words(one.text), one.commit, storable_words(one.problem)


def _add(connection: Connection, clusters: Sequence[Wanted]) -> None:
    due = {"due": database_now(connection), "failures": 0, "paused": ""}
    rows = [
        {"name": one.name, "file": _identity(one.file), "zone": one.zone, **due}
        for one in clusters
    ]
    if rows:
        connection.execute(insert(FLEET_CLUSTERS), rows)


def _move(connection: Connection, clusters: Sequence[Wanted]) -> None:
    """In the order of their names, so that nobody waits in a circle."""
    due = {"due": database_now(connection) - CHANGED}
    rows = [
        {"this": one.name, "file": _identity(one.file), "zone": one.zone, **due}
        for one in clusters
    ]
    if rows:
        this = FLEET_CLUSTERS.c.name == bindparam("this")
        connection.execute(update(FLEET_CLUSTERS).where(this), rows)


def _names(clusters: Sequence[Wanted]) -> tuple[str, ...]:
    return tuple(one.name for one in clusters)


def _forget(connection: Connection, names: Collection[str]) -> None:
    for some in batches(sorted(names)):
        connection.execute(delete(FLEET_CLUSTERS).where(FLEET_CLUSTERS.c.name.in_(some)))
    drop_clusters(connection, {one.id for one in named_clusters(connection, names)})


def _drop_files(connection: Connection, kept: Collection[str]) -> None:
    known = connection.execute(select(FLEET_FILES.c.identity)).scalars().all()
    for some in batches([one for one in known if one not in kept]):
        connection.execute(delete(FLEET_FILES).where(FLEET_FILES.c.identity.in_(some)))


def _file(row: Row[Any]) -> FleetFile:
    return FleetFile(row.file, row.text, row.commit, row.problem, row.at)


def _identity(file: str) -> str:
    """Paths may be longer than what PostgreSQL puts into an index."""
    return hashlib.sha256(os.fsencode(file)).hexdigest()

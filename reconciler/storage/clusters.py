"""Clusters that are watched: which file has them, how bad they are; pages of them, the worst first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from reconciler.model.watched import ConditionKind, ConditionStatus
from reconciler.storage.batches import batches
from reconciler.storage.fleet_tables import FLEET_CLUSTERS
from reconciler.storage.sql_tables import CLUSTERS, CONDITIONS

# What a cluster is before its first round.
NEW = "new"


@dataclass(frozen=True, slots=True)
class StoredCluster:
    """A cluster as it is stored; ``seen`` is its last round, None before the first."""

    id: int
    file: str
    name: str
    rank: int
    state: str
    added: datetime
    seen: datetime | None

    @property
    def place(self) -> Place:
        """Where it is in the order of the worst first."""
        return Place(self.rank, self.name, self.id)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order of clusters, after which a page begins."""

    rank: int
    name: str
    id: int


@dataclass(frozen=True, slots=True)
class Search:
    """Which clusters are meant: whose name or file has ``words``, of which a condition stands so.

    If ``is_paused``, only those that somebody has paused in their fleet.
    """

    words: str = ""
    kind: ConditionKind | None = None
    status: ConditionStatus = "True"
    is_paused: bool = False


EVERY = Search()


def add_cluster(connection: Connection, file: str, name: str, now: datetime) -> int:
    """The id of a cluster of a file, which is stored if it was not yet."""
    known = find_cluster(connection, file, name)
    if known is not None:
        return known.id
    row = {"file": file, "name": name, "rank": 0, "state": NEW, "added": now}
    made = insert(CLUSTERS).values(row).returning(CLUSTERS.c.id)
    number: int = connection.execute(made).scalar_one()
    return number


def move_cluster(connection: Connection, cluster: int, file: str) -> None:
    """Another file has the cluster from now on; what is stored of it stays."""
    one = update(CLUSTERS).where(CLUSTERS.c.id == cluster)
    connection.execute(one.values(file=file))


def find_cluster(connection: Connection, file: str, name: str) -> StoredCluster | None:
    """The cluster of that name in that file; None if it is not stored."""
    named = and_(CLUSTERS.c.file == file, CLUSTERS.c.name == name)
    row = connection.execute(select(CLUSTERS).where(named)).one_or_none()
    return None if row is None else _cluster(row)


def named_clusters(connection: Connection, names: Collection[str]) -> Sequence[StoredCluster]:
    """The clusters of these names, whichever file has them."""
    found = []
    for some in batches(sorted(names)):
        asked = select(CLUSTERS).where(CLUSTERS.c.name.in_(some))
        asked = asked.order_by(CLUSTERS.c.name, CLUSTERS.c.id)
        found += [_cluster(row) for row in connection.execute(asked)]
    return found


def load_cluster(connection: Connection, cluster: int) -> StoredCluster | None:
    """The cluster of an id; None if it is not stored."""
    row = connection.execute(select(CLUSTERS).where(CLUSTERS.c.id == cluster)).one_or_none()
    return None if row is None else _cluster(row)


def drop_clusters(connection: Connection, ids: Collection[int]) -> None:
    """Delete clusters, with all that is stored of them.

    It is for what no file has any more, not for a file that cannot be read.
    """
    for some in batches(sorted(ids)):
        connection.execute(delete(CLUSTERS).where(CLUSTERS.c.id.in_(some)))


def page_of_clusters(
    connection: Connection, limit: int, after: Place | None = None, search: Search = EVERY
) -> Sequence[StoredCluster]:
    """At most ``limit`` clusters, the worst first, by name where they are alike.

    The next page begins ``after`` the place of the last one.
    """
    asked = select(CLUSTERS).where(_matches(search))
    if after is not None:
        asked = asked.where(_behind(after))
    order = (CLUSTERS.c.rank.desc(), CLUSTERS.c.name, CLUSTERS.c.id)
    return [_cluster(row) for row in connection.execute(asked.order_by(*order).limit(limit))]


def seen_since(
    connection: Connection, moment: datetime | None, limit: int
) -> Sequence[StoredCluster]:
    """At most ``limit`` clusters, those that were looked at last, and after a moment if there is one."""
    asked = select(CLUSTERS).where(CLUSTERS.c.seen.is_not(None))
    if moment is not None:
        asked = asked.where(CLUSTERS.c.seen > moment)
    rows = connection.execute(asked.order_by(CLUSTERS.c.seen.desc()).limit(limit))
    return [_cluster(row) for row in rows]


def count_clusters(connection: Connection, search: Search = EVERY) -> int:
    """How many clusters are meant."""
    asked = select(func.count()).select_from(CLUSTERS).where(_matches(search))
    return connection.execute(asked).scalar_one()


def _behind(after: Place) -> ColumnElement[bool]:
    rank, name, number = CLUSTERS.c.rank, CLUSTERS.c.name, CLUSTERS.c.id
    alike = and_(rank == after.rank, name == after.name, number > after.id)
    return or_(rank < after.rank, and_(rank == after.rank, name > after.name), alike)


def _matches(search: Search) -> ColumnElement[bool]:
    words = search.words.lower()
    found = or_(
        func.lower(CLUSTERS.c.name).contains(words, autoescape=True),
        func.lower(CLUSTERS.c.file).contains(words, autoescape=True),
    )
    if search.is_paused:
        one = FLEET_CLUSTERS.c
        found = and_(found, exists().where(one.name == CLUSTERS.c.name, one.paused != ""))
    if search.kind is None:
        return found
    stands = and_(
        CONDITIONS.c.cluster_id == CLUSTERS.c.id,
        CONDITIONS.c.kind == search.kind,
        CONDITIONS.c.status == search.status,
        CONDITIONS.c.ended.is_(None),
    )
    return and_(found, exists().where(stands))


def _cluster(row: Row[Any]) -> StoredCluster:
    return StoredCluster(row.id, row.file, row.name, row.rank, row.state, row.added, row.seen)

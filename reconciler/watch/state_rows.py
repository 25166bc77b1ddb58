"""What a disk keeps of rounds, in the tables of the state, whichever database has them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime, timedelta

from reconciler.model.desired import Cluster
from reconciler.model.fill_trend import days_until_full
from reconciler.model.watched import Round, Told, TroubleKey
from reconciler.storage.cluster_conditions import standing_conditions
from reconciler.storage.cluster_documents import keep_document, load_document
from reconciler.storage.clusters import (
    StoredCluster,
    add_cluster,
    drop_clusters,
    find_cluster,
    move_cluster,
    named_clusters,
    page_of_clusters,
)
from reconciler.storage.database import StateConnection
from reconciler.storage.drift_items import present_drift
from reconciler.storage.kept_files import (
    KeptFile,
    drop_kept_files,
    keep_file,
    kept_places,
    load_kept_file,
)
from reconciler.storage.rounds import record_round
from reconciler.storage.samples import volume_samples
from reconciler.storage.told_records import keep_told, load_told
from reconciler.watch.heal_book import HealBook, read_book
from reconciler.watch.memory import Known
from reconciler.watch.result import RoundResult

MANY = 1_000_000  # clusters: all of them
TREND = timedelta(days=14)
HEALS = "heals"  # the document in which a cluster's healing stands


class StateRows(ABC):
    """What is the same in each database. Who has one says how it is read and written."""

    __slots__ = ()

    @abstractmethod
    def reading(self) -> AbstractContextManager[StateConnection]:
        """One moment of it. Raises StoreFailed."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[StateConnection]:
        """One transaction that writes. Raises StoreFailed."""

    def load(self) -> Mapping[str, Known]:
        """What was known of clusters, by name. Raises StoreFailed."""
        with self.reading() as connection:
            clusters = page_of_clusters(connection, MANY)
            return {one.name: known for one in clusters if (known := _known(connection, one))}

    def load_cluster(self, cluster: str) -> Known | None:
        """What was known of a cluster. Raises StoreFailed."""
        with self.reading() as connection:
            found = named_clusters(connection, {cluster})
            return _known(connection, found[0]) if found else None

    def load_told(self, cluster: str, receiver: str) -> Mapping[TroubleKey, Told]:
        """What a receiver was told last. Raises StoreFailed."""
        with self.reading() as connection:
            found = named_clusters(connection, {cluster})
            return load_told(connection, found[0].id, receiver) if found else {}

    def keep_told(
        self, cluster: str, receiver: str, told: Mapping[TroubleKey, Told], now: datetime
    ) -> None:
        """It is known when the daemon starts again. Raises StoreFailed."""
        with self.writing() as connection:
            for one in named_clusters(connection, {cluster}):
                keep_told(connection, one.id, receiver, told, now)

    def kept_places(self) -> Mapping[str, str]:
        """By file the place that it is of. Raises StoreFailed."""
        with self.reading() as connection:
            return kept_places(connection)

    def load_kept_file(self, file: str) -> KeptFile | None:
        """What a file said when it was good. Raises StoreFailed."""
        with self.reading() as connection:
            return load_kept_file(connection, file)

    def keep_files(self, good: Sequence[KeptFile], gone: Collection[str]) -> None:
        """All in one transaction. Raises StoreFailed."""
        with self.writing() as connection:
            drop_kept_files(connection, gone)
            for one in good:
                keep_file(connection, one)

    def load_heals(self, cluster: str) -> HealBook:
        """What was healed of a cluster. Raises StoreFailed."""
        with self.reading() as connection:
            for one in named_clusters(connection, {cluster}):
                if found := load_document(connection, one.id, HEALS):
                    return read_book(found[0])
        return HealBook()

    def keep_heals(self, cluster: str, book: HealBook, now: datetime) -> None:
        """It counts when the daemon starts again. Raises StoreFailed."""
        with self.writing() as connection:
            for one in named_clusters(connection, {cluster}):
                keep_document(connection, one.id, HEALS, book.text(), now)

    def full_in(self, cluster: Cluster, now: datetime) -> Mapping[str, float]:
        """By the samples of the last two weeks. Raises StoreFailed."""
        with self.reading() as connection:
            found = {
                volume.label: days_until_full(
                    volume_samples(connection, one.id, volume.label, now - TREND)
                )
                for one in named_clusters(connection, {cluster.name})
                for volume in cluster.volumes
            }
        return {label: days for label, days in found.items() if days is not None}

    def forget(self, gone: Collection[str]) -> None:
        """Their history goes, too. Raises StoreFailed."""
        with self.writing() as connection:
            drop_clusters(connection, {one.id for one in named_clusters(connection, gone)})


def record_result(
    connection: StateConnection, file: str, result: RoundResult, found: Round, now: datetime
) -> None:
    """What a round found of a cluster of a file, with the documents that tell more of it."""
    if find_cluster(connection, file, result.cluster) is None:
        for one in named_clusters(connection, {result.cluster}):
            move_cluster(connection, one.id, file)
    cluster = add_cluster(connection, file, result.cluster, now)
    record_round(connection, cluster, found, now)
    if not result.failure:
        keep_document(connection, cluster, "plan", _plan(result), now)
        keep_document(connection, cluster, "status", _status(result), now)
        if result.topology:
            drawn = json.dumps(asdict(result.topology))
            keep_document(connection, cluster, "topology", drawn, now)


def _known(connection: StateConnection, one: StoredCluster) -> Known | None:
    """None before its first round."""
    if one.seen is None:
        return None
    conditions = standing_conditions(connection, one.id)
    drift = present_drift(connection, one.id)
    return Known(
        one.seen,
        {(c.reading.subject, c.reading.kind): c for c in conditions},
        {item.reading.identity: item for item in drift},
    )


def _status(result: RoundResult) -> str:
    at = result.revision.fields if result.revision else {}
    return json.dumps({**result.status, **at} if result.status else result.status)


def _plan(result: RoundResult) -> str:
    approved = ("plan_id", "risk", "steps", "outages", "machines")
    fields = (*approved, "blocked", "unread", "findings", "notes")
    document = asdict(result)
    at = result.revision.fields if result.revision else {}
    return json.dumps({name: document[name] for name in fields} | dict(at), default=str)

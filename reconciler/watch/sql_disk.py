"""Where rounds are kept on the disk: the database of a state directory."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reconciler.errors import StoreDamaged
from reconciler.execution.run_index import index_runs
from reconciler.model.desired import Cluster
from reconciler.model.fill_trend import days_until_full
from reconciler.model.watched import Round, Told, TroubleKey
from reconciler.storage.cluster_conditions import standing_conditions
from reconciler.storage.cluster_documents import keep_document, load_document
from reconciler.storage.clusters import (
    add_cluster,
    drop_clusters,
    find_cluster,
    move_cluster,
    named_clusters,
    page_of_clusters,
)
from reconciler.storage.database import Database, open_state
from reconciler.storage.drift_items import present_drift
from reconciler.storage.kept_files import (
    KeptFile,
    drop_kept_files,
    keep_file,
    kept_places,
    load_kept_file,
)
from reconciler.storage.private import RUNS
from reconciler.storage.retention import Limits, give_back, prune
from reconciler.storage.rounds import record_round
from reconciler.storage.samples import volume_samples
from reconciler.storage.told_records import keep_told, load_told
from reconciler.watch.heal_book import HealBook, read_book
from reconciler.watch.memory import Known
from reconciler.watch.result import RoundResult

MANY = 1_000_000  # clusters: all of them
TREND = timedelta(days=14)
HEALS = "heals"  # the document in which a cluster's healing stands


@dataclass(slots=True)
class SqlDisk:
    """The database of a state directory, opened when first needed and again after a failure to.

    One that turns out damaged is kept aside, and a new one begun.
    """

    directory: Path
    now: Callable[[], datetime]
    database: Database | None = None
    aside: Path | None = None

    def load(self) -> Mapping[str, Known]:
        """What was known of clusters, by name. Raises StoreFailed."""
        with self._opened().reading() as connection:
            clusters = page_of_clusters(connection, MANY)
            found = {
                one.name: Known(
                    one.seen,
                    {
                        (c.reading.subject, c.reading.kind): c
                        for c in standing_conditions(connection, one.id)
                    },
                    {i.reading.identity: i for i in present_drift(connection, one.id)},
                )
                for one in clusters
                if one.seen is not None
            }
        self._tell_aside()
        return found

    def record(self, file: str, result: RoundResult, found: Round) -> None:
        """A round is one transaction. Raises StoreFailed; StoreDamaged after it was begun anew."""
        try:
            self._record(file, result, found)
        except StoreDamaged:
            self.close()
            self._record(file, result, found)
        self._tell_aside()

    def _record(self, file: str, result: RoundResult, found: Round) -> None:
        now, file = result.moment, str(Path(file).absolute())
        with self._opened().writing() as connection:
            if find_cluster(connection, file, result.cluster) is None:
                for one in named_clusters(connection, {result.cluster}):
                    move_cluster(connection, one.id, file)
            cluster = add_cluster(connection, file, result.cluster, now)
            record_round(connection, cluster, found, now)
            if not result.failure:
                keep_document(connection, cluster, "plan", _plan(result), now)
                keep_document(connection, cluster, "status", json.dumps(result.status), now)
                if result.topology:
                    drawn = json.dumps(asdict(result.topology))
                    keep_document(connection, cluster, "topology", drawn, now)

    def load_told(self, cluster: str, receiver: str) -> Mapping[TroubleKey, Told]:
        """What a receiver was told last. Raises StoreFailed."""
        with self._opened().reading() as connection:
            found = named_clusters(connection, {cluster})
            return load_told(connection, found[0].id, receiver) if found else {}

    def keep_told(
        self, cluster: str, receiver: str, told: Mapping[TroubleKey, Told], now: datetime
    ) -> None:
        """It is known when the daemon starts again. Raises StoreFailed."""
        with self._opened().writing() as connection:
            for one in named_clusters(connection, {cluster}):
                keep_told(connection, one.id, receiver, told, now)

    def kept_places(self) -> Mapping[str, str]:
        """By file the place that it is of. Raises StoreFailed."""
        with self._opened().reading() as connection:
            return kept_places(connection)

    def load_kept_file(self, file: str) -> KeptFile | None:
        """What a file said when it was good. Raises StoreFailed."""
        with self._opened().reading() as connection:
            return load_kept_file(connection, file)

    def keep_files(self, good: Sequence[KeptFile], gone: Collection[str]) -> None:
        """All in one transaction. Raises StoreFailed."""
        with self._opened().writing() as connection:
            drop_kept_files(connection, gone)
            for one in good:
                keep_file(connection, one)

    def load_heals(self, cluster: str) -> HealBook:
        """What was healed of a cluster. Raises StoreFailed."""
        with self._opened().reading() as connection:
            for one in named_clusters(connection, {cluster}):
                if found := load_document(connection, one.id, HEALS):
                    return read_book(found[0])
        return HealBook()

    def keep_heals(self, cluster: str, book: HealBook, now: datetime) -> None:
        """It counts when the daemon starts again. Raises StoreFailed."""
        with self._opened().writing() as connection:
            for one in named_clusters(connection, {cluster}):
                keep_document(connection, one.id, HEALS, book.text(), now)

    def full_in(self, cluster: Cluster, now: datetime) -> Mapping[str, float]:
        """By the samples of the last two weeks. Raises StoreFailed."""
        with self._opened().reading() as connection:
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
        with self._opened().writing() as connection:
            drop_clusters(connection, {one.id for one in named_clusters(connection, gone)})

    def prune(self, now: datetime) -> None:
        """In batches, so that nobody waits for long; runs are indexed. Raises StoreFailed."""
        index_runs(self._opened(), self.directory / RUNS, now)
        more = True
        while more:
            with self._opened().writing() as connection:
                more = prune(connection, Limits(), now).more
        give_back(self._opened())

    def close(self) -> None:
        """End its connections."""
        if self.database is not None:
            self.database.close()
        self.database = None

    def open_database(self) -> Database:
        """The database, for who writes something else in the same thread. Raises StoreFailed."""
        return self._opened()

    def _tell_aside(self) -> None:
        """Raises StoreDamaged, once, for a database that was begun in place of a damaged one."""
        if self.database is not None and self.database.aside not in {None, self.aside}:
            self.aside = self.database.aside
            words = f"was damaged: it is kept as {self.aside}, and a new one is begun"
            raise StoreDamaged(self.database.place, words)

    def _opened(self) -> Database:
        if self.database is None:
            self.database = open_state(self.directory, self.now())
        return self.database


def _plan(result: RoundResult) -> str:
    fields = ("plan_id", "risk", "steps", "blocked", "unread", "findings", "notes")
    document = asdict(result)
    return json.dumps({name: document[name] for name in fields}, default=str)

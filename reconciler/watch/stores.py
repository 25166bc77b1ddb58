"""Where rounds are kept: in memory for what is told, on the disk for what is asked later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.errors import StoreFailed, StoreOutdated, WorkerLost
from reconciler.model.desired import Cluster
from reconciler.model.watched import Told, TroubleKey
from reconciler.watch.assessment import failed_round
from reconciler.watch.heal_book import HealBook
from reconciler.watch.memory import Memory
from reconciler.watch.result import Recorded, RoundResult
from reconciler.watch.state_disk import Disk


@dataclass(slots=True)
class Store:
    """Rounds in memory and, where there is one, on the disk."""

    disk: Disk | None = None
    memory: Memory = field(default_factory=Memory)
    _told: dict[tuple[str, str], Mapping[TroubleKey, Told]] = field(default_factory=dict)

    def load_told(self, cluster: str, receiver: str) -> Mapping[TroubleKey, Told]:
        """What a receiver was told last of a cluster, by this daemon or by the one before."""
        place = cluster, receiver
        if place not in self._told and self.disk is not None:
            with suppress(
                StoreFailed
            ):  # told by who keeps rounds; here twice is better than never
                self._told[place] = self.disk.load_told(cluster, receiver)
        return self._told.get(place, {})

    def keep_told(
        self, cluster: str, receiver: str, told: Mapping[TroubleKey, Told], now: datetime
    ) -> str:
        """A receiver was told it; why the disk does not know. Raises WorkerLost."""
        self._told[cluster, receiver] = told
        return self._attempt(lambda disk: disk.keep_told(cluster, receiver, told, now))

    def load_heals(self, cluster: str) -> HealBook:
        """What was healed of a cluster. Raises StoreFailed: then it is not known."""
        return self.disk.load_heals(cluster) if self.disk is not None else HealBook()

    def keep_heals(self, cluster: str, book: HealBook, now: datetime) -> str:
        """This is what was healed; why the disk does not know. Raises WorkerLost."""
        return self._attempt(lambda disk: disk.keep_heals(cluster, book, now))

    def load(self) -> str:
        """Go on from what the disk has; why it could not be read.

        Raises StoreOutdated for a database of a newer version.
        """
        if self.disk is not None:
            try:
                self.memory.clusters.update(self.disk.load())
            except StoreOutdated:
                raise
            except StoreFailed as error:
                return str(error)
        return ""

    def record(self, file: str, result: RoundResult) -> Recorded:
        """Keep what a round found, or that it failed. A disk that fails is told, not raised.

        Raises WorkerLost: then somebody else tells of the cluster.
        """
        is_first = result.cluster not in self.memory.clusters
        found = result.found or failed_round(result.cluster, result.failure)
        changes = self.memory.follow(result.cluster, found, result.moment)
        trouble = self._attempt(lambda disk: disk.record(file, result, found))
        return Recorded(changes, is_first, trouble)

    def reload(self, cluster: str) -> None:
        """What is known of a cluster becomes what the disk has: another may have had its last turn.

        Raises StoreFailed: then it is not known.
        """
        if self.disk is None:
            return
        found = self.disk.load_cluster(cluster)
        if found is None:
            self.memory.forget((cluster,))
        else:
            self.memory.clusters[cluster] = found
        for place in [one for one in self._told if one[0] == cluster]:
            del self._told[place]

    def full_in(self, cluster: Cluster, now: datetime) -> Mapping[str, float]:
        """By label in how many days a volume is full; what is not known is left out."""
        try:
            return self.disk.full_in(cluster, now) if self.disk is not None else {}
        except StoreFailed:
            return {}  # it is told where the round is recorded

    def last_rounds(self) -> Mapping[str, datetime]:
        """When each cluster's last round began, by the clock of the wall."""
        return dict(self.memory.clusters.seen)

    def forget(self, gone: Collection[str]) -> str:
        """These clusters are no longer watched; why the disk still has them. Raises WorkerLost."""
        self.memory.forget(gone)
        return self._attempt(lambda disk: disk.forget(gone))

    def prune(self, now: datetime) -> str:
        """Old history goes; why it did not. Raises WorkerLost."""
        return self._attempt(lambda disk: disk.prune(now))

    def close(self) -> None:
        """All that was recorded is kept."""
        if self.disk is not None:
            self.disk.close()

    def _attempt(self, call: Callable[[Disk], None]) -> str:
        """Why the disk, where there is one, could not do it; empty if it could. Raises WorkerLost."""
        if self.disk is None:
            return ""
        try:
            call(self.disk)
        except WorkerLost:
            raise
        except StoreFailed as error:
            return str(error)
        return ""

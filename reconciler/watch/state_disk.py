"""What a store needs of what outlives the daemon."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reconciler.model.desired import Cluster
from reconciler.model.watched import Round, Told, TroubleKey
from reconciler.storage.kept_files import KeptFile
from reconciler.watch.heal_book import HealBook
from reconciler.watch.memory import Known
from reconciler.watch.result import RoundResult


class Disk(Protocol):
    """What outlives the daemon. Its calls may wait, come from one thread, and raise StoreFailed.

    ``aside`` is where something damaged is kept, in whose place it was begun anew, empty.
    """

    aside: Path | None

    def load(self) -> Mapping[str, Known]:
        """What was known of clusters, by name."""
        ...

    def load_cluster(self, cluster: str) -> Known | None:
        """What was known of a cluster."""
        ...

    def record(self, file: str, result: RoundResult, found: Round) -> None:
        """Keep what a round found."""
        ...

    def load_told(self, cluster: str, receiver: str) -> Mapping[TroubleKey, Told]:
        """What a receiver was told last of a cluster."""
        ...

    def keep_told(
        self, cluster: str, receiver: str, told: Mapping[TroubleKey, Told], now: datetime
    ) -> None:
        """A receiver was told it."""
        ...

    def kept_places(self) -> Mapping[str, str]:
        """By each file of which an earlier daemon knew what it says the place that it is of."""
        ...

    def load_kept_file(self, file: str) -> KeptFile | None:
        """What a file said when it was good."""
        ...

    def keep_files(self, good: Sequence[KeptFile], gone: Collection[str]) -> None:
        """What files say now that are good, and files that are not watched any more."""
        ...

    def load_heals(self, cluster: str) -> HealBook:
        """What was healed of a cluster."""
        ...

    def keep_heals(self, cluster: str, book: HealBook, now: datetime) -> None:
        """This is what was healed."""
        ...

    def full_in(self, cluster: Cluster, now: datetime) -> Mapping[str, float]:
        """By label in how many days a volume is full, if it goes on as it did."""
        ...

    def forget(self, gone: Collection[str]) -> None:
        """These clusters are no longer watched."""
        ...

    def prune(self, now: datetime) -> None:
        """Old history goes, as much as may."""
        ...

    def close(self) -> None:
        """All that was recorded is kept."""
        ...

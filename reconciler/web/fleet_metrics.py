"""What Prometheus is told of a fleet: its workers, its zones, its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reconciler.errors import StoreFailed
from reconciler.storage.fleet_measures import FleetMeasure, measure_fleet
from reconciler.web.state_reader import Reads


@dataclass(frozen=True, slots=True, eq=False)
class FleetCollector(Collector):
    """Read anew each time that Prometheus asks; nothing where it cannot be read, which another metric tells."""

    database: Reads

    def describe(self) -> Iterable[Metric]:
        """Nothing: whoever registers it would read the state for its names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All of one moment."""
        try:
            with self.database.reading() as connection:
                found = measure_fleet(connection)
        except StoreFailed:
            return
        yield from measure_families(found)


def measure_families(found: FleetMeasure) -> Iterator[Metric]:
    """What Prometheus is told, family by family."""
    zones = {zone: (one.clusters, one.overdue, one.paused) for zone, one in found.zones.items()}
    yield _gauge("workers", "Workers that are alive", {"": found.workers})
    for place, (name, about) in enumerate(_OF_ZONES.items()):
        yield _gauge(name, about, {zone: some[place] for zone, some in zones.items()}, "zone")
    turns = {"look": 0, "apply": 0} | dict(found.turns)
    yield _gauge("turns", "Turns of clusters that go on", turns, "kind")
    yield _gauge("files_wrong", "Files that are not taken over", {"": found.problems})
    if found.source is not None:
        at = found.source.fetched_at.timestamp()
        yield _gauge("source_timestamp_seconds", "When the source was fetched last", {"": at})
        bad = float(bool(found.source.problem))
        yield _gauge("source_failed", "Whether the source could not be taken over", {"": bad})


_OF_ZONES = {
    "clusters": "Clusters that are wanted",
    "overdue": "Clusters that are due for more than a minute and have not been looked at",
    "paused": "Clusters that are paused in the fleet",
}


def _gauge(name: str, about: str, values: Mapping[str, float], label: str = "") -> Metric:
    family = GaugeMetricFamily(
        f"reconcile_fleet_{name}", about, labels=(label,) if label else ()
    )
    for word, value in values.items():
        family.add_metric((word,) if label else (), value)
    return family

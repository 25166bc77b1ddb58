"""What Prometheus is told: what stands, from the state; and how the daemon itself is."""

from __future__ import annotations

import json
from collections import Counter as Counter_
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reconciler.errors import StoreFailed
from reconciler.planning.review.severity import place_of
from reconciler.storage.measures import (
    Measure,
    last_rounds,
    last_statuses,
    measure_conditions,
    measure_drift,
    measure_hosts,
    measure_stopped_healing,
    measure_volumes,
)
from reconciler.web.state_reader import Reads

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OF = ("cluster", "file")
# Seconds; a host that does not answer is waited for up to half a minute.
_DURATIONS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)


@dataclass(frozen=True, slots=True, eq=False)
class StateCollector(Collector):
    """What stands of all clusters, read anew each time that Prometheus asks."""

    database: Reads

    def describe(self) -> Iterable[Metric]:
        """Nothing: whoever registers it would read the state for its names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All of one moment of the state; of one that cannot be read only that it cannot."""
        readable = GaugeMetricFamily(
            "reconcile_state_readable", "Whether the state can be read"
        )
        try:
            found = list(self._of_clusters())
        except StoreFailed:
            found = []
        readable.add_metric((), 1.0 if found else 0.0)
        yield from (readable, *found)

    def _of_clusters(self) -> Iterator[Metric]:
        with self.database.reading() as connection:
            rounds = last_rounds(connection)
            conditions = measure_conditions(connection)
            drift = by_resource(measure_drift(connection))
            volumes = measure_volumes(connection)
            lost, stopped = measure_hosts(connection), measure_stopped_healing(connection)
            beats, leases = measure_statuses(last_statuses(connection))
        seen = GaugeMetricFamily(
            "reconcile_last_round_timestamp_seconds",
            "When its last round ended, also one that failed; none before the first",
            labels=_OF,
        )
        for file, name, at in rounds:
            if at is not None:
                seen.add_metric((name, file), at.timestamp())
        yield seen
        yield _family(
            *("reconcile_conditions", "Subjects of a cluster that have a condition so"),
            *(("type", "status"), conditions),
        )
        yield _family(
            *("reconcile_drift_items", "Differences that are there"),
            *(("severity", "truth", "resource"), drift),
        )
        yield _family("reconcile_hosts_unreachable", "Members that do not answer", (), lost)
        yield _family(
            *("reconcile_healing_stopped", "Subjects that are not healed any more, and why"),
            *(("reason",), stopped),
        )
        yield _family(
            *(
                "reconcile_heartbeats",
                "Mounts of volumes by how their host's heartbeat was found",
            ),
            *(("state",), beats),
        )
        yield _family(
            *(
                "reconcile_lease_age_seconds",
                "Since its last renewal, as the last round found it",
            ),
            *(("run",), leases),
        )
        yield _family(
            *("reconcile_volume_size_bytes", "Size of the file system as sampled last"),
            *(("volume",), (size for size, _ in volumes)),
        )
        yield _family(
            *("reconcile_volume_used_bytes", "Used bytes of the file system as sampled last"),
            *(("volume",), (used for _, used in volumes)),
        )


def by_resource(found: Iterable[Measure]) -> Iterator[Measure]:
    """The same counts by what kind of thing an address is of, and not by its name."""
    counts: Counter_[tuple[str, str, tuple[str, ...]]] = Counter_()
    for one in found:
        severity, truth, address = one.words
        counts[one.file, one.cluster, (severity, truth, place_of(address))] += int(one.value)
    for (file, cluster, words), count in counts.items():
        yield Measure(file, cluster, words, count)


def measure_statuses(
    found: Iterable[tuple[str, str, str]],
) -> tuple[list[Measure], list[Measure]]:
    """Of the status of each cluster: mounts by the state of their heartbeat; the ages of leases."""
    beats, leases = [], []
    for file, cluster, text in found:
        status = json.loads(text)
        mounts = [mount for item in status["members"] for mount in item["volumes"].values()]
        states = Counter_(mount["heartbeat"] for mount in mounts if mount["heartbeat"])
        beats += [Measure(file, cluster, (state,), count) for state, count in states.items()]
        leases += [
            Measure(file, cluster, (lease["run"] or "",), lease["age"])
            for lease in status["leases"]
        ]
    return beats, leases


def _family(name: str, about: str, words: tuple[str, ...], found: Iterable[Measure]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=(*_OF, *words))
    for each in found:
        family.add_metric((each.cluster, each.file, *each.words), each.value)
    return family


@dataclass(frozen=True, slots=True)
class Metrics:
    """What the daemon counts of its own work, and the registry that tells all of it."""

    database: Reads
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    round_seconds: Histogram = field(init=False)
    rounds: Counter = field(init=False)
    messages: Counter = field(init=False)
    healings: Counter = field(init=False)
    loop_lag: Gauge = field(init=False)
    connections: Gauge = field(init=False)
    circuits: Gauge = field(init=False)

    def __post_init__(self) -> None:
        """Register all of it."""
        registry = self.registry
        registry.register(StateCollector(self.database))
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        made = {
            "round_seconds": Histogram(
                *("reconcile_round_seconds", "Time of one round of one cluster"),
                buckets=_DURATIONS,
                registry=registry,
            ),
            "rounds": Counter(
                *("reconcile_rounds", "Rounds that ended", ("result",)), registry=registry
            ),
            "messages": Counter(
                *("reconcile_messages", "Messages to receivers", ("receiver", "result")),
                registry=registry,
            ),
            "healings": Counter(
                *("reconcile_healings", "Healings that ended", ("result",)), registry=registry
            ),
            "loop_lag": Gauge(
                *("reconcile_loop_lag_seconds", "How late the daemon's loop was of late"),
                registry=registry,
            ),
            "connections": Gauge(
                *("reconcile_connections", "SSH connections that are kept"), registry=registry
            ),
            "circuits": Gauge(
                *("reconcile_circuits_open", "Hosts not tried until their backoff is over"),
                registry=registry,
            ),
        }
        for name, metric in made.items():
            object.__setattr__(self, name, metric)

    def text(self) -> bytes:
        """All metrics in Prometheus' text form."""
        return generate_latest(self.registry)

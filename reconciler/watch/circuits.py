"""A circuit for each host: one that fails in a row is not tried again until a backoff is over.

Whoever asks meanwhile is answered at once. After the backoff one asks it, for all: an answer closes
the circuit, a failure opens it for twice as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.errors import HostUnreachable
from reconciler.execution.author import now

# Failures in a row: of one alone nobody knows whether it lasts.
FAILURES = 2
# With these the host did answer.
ANSWERS = frozenset({"output-too-large", "probe-differs", "sudo-refused"})


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds that the first wait lasts, doubled with each failure after it up to ``most``."""

    first: float = 30.0
    most: float = 600.0

    def wait(self, failures: int) -> float:
        """Seconds after so many failures in a row."""
        return min(self.most, self.first * 2.0 ** min(failures - FAILURES, 32))


def paced_backoff(interval: float) -> Backoff:
    """For who looks each ``interval`` seconds: often, then no host is left alone for long."""
    usual = Backoff()
    return Backoff(min(usual.first, interval), min(usual.most, 8 * interval))


@dataclass(slots=True, eq=False)
class _Circuit:
    """Of one host: failures in a row ``since`` a time, the ``last``, and when it is tried ``again``.

    ``told`` is that by the clock of people. ``trying`` says that somebody asks it now, for all.
    """

    since: datetime
    last: HostUnreachable
    failures: int = 0
    again: float = 0.0
    told: datetime | None = None
    trying: bool = False
    clusters: set[str] = field(default_factory=set)

    @property
    def is_open(self) -> bool:
        return self.told is not None

    def refusal(self, name: str) -> HostUnreachable:
        """The same as the last failure, with the times."""
        since, told = (
            at and at.isoformat(timespec="seconds") for at in (self.since, self.told)
        )
        words = f"{self.last.message}; so since {since}, not tried again before {told}"
        return HostUnreachable(name, self.last.code, words)


@dataclass(slots=True, eq=False)
class Circuits:
    """The circuits of hosts that fail; ``clock`` only goes forward, ``wall`` is that of people."""

    backoff: Backoff = field(default_factory=Backoff)
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], datetime] = now
    _circuits: dict[Hashable, _Circuit] = field(default_factory=dict)

    @property
    def open_count(self) -> int:
        """So many hosts are not tried, or are tried by one for all."""
        return sum(one.is_open for one in self._circuits.values())

    def check(self, host: Hashable, name: str) -> None:
        """Raises HostUnreachable where ``host`` is not to be tried now."""
        circuit = self._circuits.get(host)
        if circuit and circuit.is_open and (circuit.trying or self.clock() < circuit.again):
            raise circuit.refusal(name)

    @contextmanager
    def trying(self, host: Hashable, cluster: str, name: str) -> Iterator[None]:
        """Try it for a cluster, and note what becomes of it. Raises HostUnreachable as ``check``."""
        self.check(host, name)
        circuit = self._circuits.get(host)
        if circuit is not None:
            circuit.trying = True
        try:
            yield
        except HostUnreachable as error:
            if error.code in ANSWERS:
                self._circuits.pop(host, None)
            else:
                self._note_failure(host, cluster, error)
            raise
        else:
            self._circuits.pop(host, None)
        finally:
            if circuit is not None:
                circuit.trying = False

    def close(self, clusters: Collection[str] | None = None) -> None:
        """Somebody asks for it: hosts of these clusters, or all, are tried at once."""
        for host, circuit in list(self._circuits.items()):
            if clusters is None or not circuit.clusters.isdisjoint(clusters):
                del self._circuits[host]

    def _note_failure(self, host: Hashable, cluster: str, error: HostUnreachable) -> None:
        now_ = self.wall()
        circuit = self._circuits.setdefault(host, _Circuit(now_, error))
        if circuit.is_open and self.clock() < circuit.again:
            return  # it was on its way when the circuit was opened
        circuit.failures += 1
        circuit.last = error
        circuit.clusters.add(cluster)
        if circuit.failures >= FAILURES:
            wait = self.backoff.wait(circuit.failures)
            circuit.again, circuit.told = self.clock() + wait, now_ + timedelta(seconds=wait)

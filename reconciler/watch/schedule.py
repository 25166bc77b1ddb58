"""When each cluster is looked at next: a rule of moments, without a clock of its own.

Moments are seconds of a clock that only goes forward, so that a clock that is set does no harm.
It is driven by levels, not by events: however often a cluster is asked for while it is looked at,
it is looked at once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

# Of a cluster of which nothing could be learnt: the second wait is twice the first, and so on.
BACKOFF = 2.0
MOST_INTERVALS = 8.0
# By so much of itself a wait is longer or shorter, or clusters that began together stay together.
JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks at a cluster, and how many clusters are looked at at a time."""

    interval: float
    at_once: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Of one cluster: when it is ``due``, whether it is looked at now, and failures in a row."""

    due: float
    runs: bool = False
    again: bool = False
    failures: int = 0


@dataclass(slots=True)
class Schedule:
    """The turns of all clusters; ``chance`` gives a number from 0 up to 1."""

    pace: Pace
    chance: Callable[[], float]
    turns: dict[str, Turn] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)

    def follow(self, names: Iterable[str], now: float, ages: Mapping[str, float]) -> None:
        """Exactly these clusters from now on.

        A new one is due at once; one that was looked at ``ages`` seconds ago, by an earlier
        process, when the rest of its interval is over. One that is looked at now is let go
        when that has ended.
        """
        wanted = set(names)
        for name in wanted - self.turns.keys():
            rest = self.pace.interval - max(0.0, ages[name]) if name in ages else 0.0
            self.turns[name] = Turn(now + max(0.0, rest))
        for name in self.turns.keys() - wanted:
            if self.turns[name].runs:
                self.leaving.add(name)
            else:
                del self.turns[name]
        for name in self.leaving & wanted:  # it has come back meanwhile, perhaps as another
            self.turns[name] = replace(self.turns[name], again=True)
        self.leaving -= wanted

    def request(self, name: str, now: float) -> None:
        """As soon as there is room; once more if it is looked at now. Unknown names are passed over."""
        if turn := self.turns.get(name):
            again = turn.again or turn.runs
            self.turns[name] = replace(turn, due=min(turn.due, now), again=again)

    def request_all(self, now: float) -> None:
        """``request`` of each of them."""
        for name in self.turns:
            self.request(name, now)

    def give_up(self, name: str, now: float) -> bool:
        """What waits of a cluster is put off by an interval; whether anything did, or goes on."""
        turn = self.turns.get(name)
        if turn is None or not (turn.runs or turn.due <= now):
            return False
        due = turn.due if turn.runs else now + self._wait(0)
        self.turns[name] = replace(turn, due=due, again=False)
        return True

    def take(self, now: float) -> tuple[str, ...]:
        """The clusters to look at from now on: who has waited longest comes first."""
        room = self.pace.at_once - sum(turn.runs for turn in self.turns.values())
        waiting = sorted((t.due, name) for name, t in self._waiting() if t.due <= now)
        chosen = tuple(name for _due, name in waiting[: max(0, room)])
        for name in chosen:
            self.turns[name] = replace(self.turns[name], runs=True, again=False)
        return chosen

    def finish(self, name: str, now: float, *, failed: bool) -> None:
        """The look at a cluster has ended; ``failed`` if nothing was learnt of it."""
        turn = self.turns[name]
        if name in self.leaving:
            self.leaving.discard(name)
            del self.turns[name]
            return
        failures = turn.failures + 1 if failed else 0
        due = now if turn.again else now + self._wait(failures)
        self.turns[name] = Turn(due, failures=failures)

    def seconds_to_next(self, now: float) -> float | None:
        """Until there is something to take; None while only the end of a look can change that."""
        if sum(turn.runs for turn in self.turns.values()) >= self.pace.at_once:
            return None
        dues = [turn.due for _name, turn in self._waiting()]
        return max(0.0, min(dues) - now) if dues else None

    def _waiting(self) -> Iterator[tuple[str, Turn]]:
        return ((name, turn) for name, turn in self.turns.items() if not turn.runs)

    def _wait(self, failures: int) -> float:
        return wait_after(failures, self.pace.interval, self.chance)


def wait_after(failures: int, interval: float, chance: Callable[[], float]) -> float:
    """The interval, longer after each failure, up to a bound; shifted a little by chance."""
    # A long row of failures must not become a number that no float holds.
    times = min(MOST_INTERVALS, BACKOFF ** min(max(0, failures - 1), 10))
    return interval * times * (1 + JITTER * (2 * chance() - 1))

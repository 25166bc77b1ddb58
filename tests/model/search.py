"""All states that a few hosts and runs can reach, breadth first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.model.lock_model import PRODUCT, Host, Moves, Protocol, Run
from tests.model.symmetry import renamed, symmetries

# The hosts, then the runs, each as the number of its value: values are few, states are many.
State = tuple[int, ...]


@dataclass(frozen=True)
class Verdict:
    """How many states there are; what is wrong in one of them, and the shortest way there."""

    states: int
    wrong: str = ""
    history: tuple[str, ...] = ()


class Numbers:
    """Values and their numbers."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.numbers: dict[Hashable, int] = {}

    def __getitem__(self, number: int) -> Any:
        return self.values[number]

    def of(self, value: Hashable) -> int:
        number = self.numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


class Search:
    """The histories of runs with these lists of hosts.

    States of the product that differ only in the names of hosts and runs are looked at once;
    the history of a weaker protocol is to be read, so there each state is itself.
    """

    def __init__(
        self, names: str, lists: tuple[str, ...], protocol: Protocol = PRODUCT
    ) -> None:
        self.moves = Moves(names, lists, protocol)
        self.count = len(names)
        self.before: dict[State, State] = {}  # from where each state was reached first
        self.places = range(self.count)
        self.runs = range(self.count, self.count + len(lists))
        self.known = Numbers()
        # Pure functions of few values, each asked for millions of times.
        self.between = cache(self._between)
        self.by_itself = cache(self._by_itself)
        self.alone = cache(self._alone)
        self.outdated = cache(self._outdated)
        self.soiled = cache(self._soiled)
        self.renamed = cache(self._renamed)
        self.swaps = self._swaps() if protocol == PRODUCT else ()

    def verdict(self) -> Verdict:
        """Look at all states, unless one is wrong."""
        runs = (self.moves.new(name) for name in self.moves.runs)
        start = tuple(map(self.known.of, (*(Host() for _ in self.places), *runs)))
        self.before = before = {start: start}
        queue = deque([start])
        while queue:
            state = queue.popleft()
            for label, after, wrong in self._next(state):
                if wrong:
                    return Verdict(len(before), wrong, (*self._way(before, state), label))
                same = self._least(after)
                if same not in before:
                    before[same] = state
                    queue.append(same)
        return Verdict(len(before))

    def _next(self, state: State) -> Iterator[tuple[str, State, str]]:
        for at in self.runs:
            for label, run in self.by_itself(at, state[at]):
                yield label, (*state[:at], run, *state[at + 1 :]), ""
            for place in self.places:
                for label, host, run, event in self.between(at, state[at], place, state[place]):
                    after = list(state)
                    after[place], after[at] = host, run
                    if event:
                        self._tell(after, at, place, event)
                    wrong = WRONG[event](self, state, at) if event in WRONG else ""
                    yield label, tuple(after), wrong
        for place in self.places:
            for label, host in self.alone(place, state[place]):
                yield label, (*state[:place], host, *state[place + 1 :]), ""

    def _tell(self, after: list[int], at: int, place: int, event: str) -> None:
        """What a grant or a start means for the other runs."""
        for other in self.runs:
            if other == at:
                continue
            if event == "grant":
                after[other] = self.outdated(after[other], place)
            elif event == "start":
                after[other] = self.soiled(after[other], after[at])

    def _is_beside(self, state: State, at: int) -> bool:
        """Whether something of another run with a common host runs anywhere."""
        running = {self.known[state[place]].running for place in self.places}
        return any(
            not set(self._run(state, other).hosts).isdisjoint(self._run(state, at).hosts)
            for other in self.runs
            if other != at and self.moves.runs[other - self.count] in running
        )

    def _run(self, state: State, at: int) -> Run:
        run: Run = self.known[state[at]]
        return run

    def started(self, state: State, at: int) -> str:
        """What is wrong about a start of a run's command."""
        if self._run(state, at).dirty:
            return "S2"
        return "S1" if self._is_beside(state, at) else ""

    def locked(self, state: State, at: int) -> str:
        """What is wrong about a run's lock."""
        return "S2" if self._is_beside(state, at) else ""

    def _way(self, before: dict[State, State], state: State) -> tuple[str, ...]:
        steps: list[str] = []
        while before[state] != state:
            following = self._next(before[state])
            steps.append(
                next(lab for lab, after, _ in following if self._least(after) == state)
            )
            state = before[state]
        return tuple(reversed(steps))

    def has(self, hosts: Iterable[Host], runs: Iterable[Run]) -> bool:
        """Whether this is one of the states that were found."""
        return self._least(tuple(map(self.known.of, (*hosts, *runs)))) in self.before

    # ---- one state for all that are the same under other names ---------------------------

    def _swaps(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """For each symmetry its number, and from where each part of the state comes."""
        self.symmetries = tuple(symmetries(self.moves))
        names = (*self.moves.names, *self.moves.runs)
        return tuple(
            (number, tuple(others.index(name) for name in names))
            for number, others in enumerate(self.symmetries)
            if others != names
        )

    def _least(self, state: State) -> State:
        least = state
        for number, order in self.swaps:
            same = tuple([self.renamed(state[at], number) for at in order])
            least = min(least, same)
        return least

    # ---- the moves, by numbers -----------------------------------------------------------

    def _between(self, at: int, run: int, place: int, host: int) -> tuple[Any, ...]:
        name, where = self.moves.runs[at - self.count], self.moves.names[place]
        return tuple(
            (step.label, self.known.of(step.host), self.known.of(step.run), step.event)
            for step in self.moves.between(name, self.known[run], where, self.known[host])
        )

    def _by_itself(self, at: int, run: int) -> tuple[tuple[str, int], ...]:
        moves = self.moves.by_itself(self.moves.runs[at - self.count], self.known[run])
        return tuple((label, self.known.of(after)) for label, after in moves)

    def _alone(self, place: int, host: int) -> tuple[tuple[str, int], ...]:
        moves = self.moves.alone(self.moves.names[place], self.known[host])
        return tuple((label, self.known.of(after)) for label, after in moves)

    def _outdated(self, run: int, place: int) -> int:
        return self.known.of(self.moves.outdated(self.known[run], self.moves.names[place]))

    def _soiled(self, run: int, starter: int) -> int:
        return self.known.of(self.moves.soiled(self.known[run], self.known[starter]))

    def _renamed(self, value: int, symmetry: int) -> int:
        return self.known.of(renamed(self.known[value], self.moves, self.symmetries[symmetry]))


WRONG: Mapping[str, Callable[[Search, State, int], str]] = {
    "start": Search.started,
    "start again": lambda *_: "S3",
    "start sealed": lambda *_: "S4",
    "lock": Search.locked,
}

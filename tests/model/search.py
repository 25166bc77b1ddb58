"""All states that a few hosts and runs can reach, breadth first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from tests.model.lock_model import PRODUCT, Host, Moves, Protocol, Run
from tests.model.symmetry import renamed, symmetries

# The hosts, then the runs, each as the number of its value: values are few, states are many. A state
# is one number, of so many bits for each of them; a step adds to it what changes.
State = int
BITS = 14
MASK = (1 << BITS) - 1
# Its label, what it adds to a state, its event, and the place of the host that it is with.
Step = tuple[str, int, str, int]


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
        assert number <= MASK
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
        self.reached: set[State] = set()  # those, and the same under other names
        self.places = range(self.count)
        self.runs = range(self.count, self.count + len(lists))
        self.shifts = [BITS * at for at in range(self.count + len(lists))]
        self.all_hosts = (1 << self.shifts[self.count]) - 1
        self.known = Numbers()
        # Pure functions of few values, each asked for millions of times.
        self.among = cache(self._among)
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
        start = self._state((*(Host() for _ in self.places), *runs))
        self.before, self.reached = {start: start}, {start, *self._same(start)}
        before, reached, queue = self.before, self.reached, deque([start])
        while queue:
            state = queue.popleft()
            for label, after, wrong in self._next(state):
                if wrong:
                    return Verdict(len(before), wrong, (*self._way(before, state), label))
                if after not in reached:
                    reached.add(after)
                    reached.update(self._same(after))
                    before[after] = state
                    queue.append(after)
        return Verdict(len(before))

    def _state(self, values: Iterable[Hashable]) -> State:
        numbers = map(self.known.of, values)
        return sum(number << shift for number, shift in zip(numbers, self.shifts, strict=True))

    def _next(self, state: State) -> Iterator[tuple[str, State, str]]:
        hosts = state & self.all_hosts
        for at in self.runs:
            for label, change, event, place in self.among(at, self._number(state, at), hosts):
                after, wrong = state + change, ""
                if event:
                    after = self._tell(after, at, place, event)
                    wrong = WRONG[event](self, state, at) if event in WRONG else ""
                yield label, after, wrong
        for label, change in self.alone(hosts):
            yield label, state + change, ""

    def _tell(self, after: State, at: int, place: int, event: str) -> State:
        """The state with what a grant or a start means for the other runs."""
        starter = self._number(after, at)
        for other in self.runs:
            if other == at:
                continue
            was = now = self._number(after, other)
            if event == "grant":
                now = self.outdated(was, place)
            elif event == "start":
                now = self.soiled(was, starter)
            after += now - was << self.shifts[other]
        return after

    def _is_beside(self, state: State, at: int) -> bool:
        """Whether something of another run with a common host runs anywhere."""
        running = {self._value(state, place).running for place in self.places}
        return any(
            not set(self._value(state, other).hosts).isdisjoint(self._value(state, at).hosts)
            for other in self.runs
            if other != at and self.moves.runs[other - self.count] in running
        )

    def _number(self, state: State, at: int) -> int:
        return state >> self.shifts[at] & MASK

    def _value(self, state: State, at: int) -> Any:
        """The host or run there."""
        return self.known[self._number(state, at)]

    def started(self, state: State, at: int) -> str:
        """What is wrong about a start of a run's command."""
        if self._value(state, at).dirty:
            return "S2"
        return "S1" if self._is_beside(state, at) else ""

    def locked(self, state: State, at: int) -> str:
        """What is wrong about a run's lock."""
        return "S2" if self._is_beside(state, at) else ""

    def _way(self, before: dict[State, State], state: State) -> tuple[str, ...]:
        steps: list[str] = []
        while before[state] != state:
            following = self._next(before[state])
            steps.append(next(label for label, after, _ in following if after == state))
            state = before[state]
        return tuple(reversed(steps))

    def has(self, hosts: Iterable[Host], runs: Iterable[Run]) -> bool:
        """Whether this is one of the states that were found."""
        return self._state((*hosts, *runs)) in self.reached

    # ---- one state for all that are the same under other names ---------------------------

    def _swaps(self) -> tuple[tuple[int, tuple[tuple[int, int], ...]], ...]:
        """For each symmetry its number, and of each part of the state from where to where it goes."""
        self.symmetries = tuple(symmetries(self.moves))
        names = (*self.moves.names, *self.moves.runs)
        return tuple(
            (
                number,
                tuple(
                    zip((BITS * others.index(name) for name in names), self.shifts, strict=True)
                ),
            )
            for number, others in enumerate(self.symmetries)
            if others != names
        )

    def _same(self, state: State) -> Iterator[State]:
        """What it is under other names."""
        for number, moves in self.swaps:
            same = 0
            for old, new in moves:
                same |= self.renamed(state >> old & MASK, number) << new
            yield same

    # ---- the moves, by numbers -----------------------------------------------------------

    def _change(self, at: int, old: int, value: Hashable) -> int:
        """What is added to a state where a part of it becomes this."""
        return self.known.of(value) - old << self.shifts[at]

    def _among(self, at: int, run: int, hosts: State) -> tuple[Step, ...]:
        """What a run may do next, alone or with one of the hosts."""
        here = (
            self.between(at, run, place, self._number(hosts, place)) for place in self.places
        )
        return (*self.by_itself(at, run), *chain.from_iterable(here))

    def _between(self, at: int, run: int, place: int, host: int) -> tuple[Step, ...]:
        name, where = self.moves.runs[at - self.count], self.moves.names[place]
        steps = self.moves.between(name, self.known[run], where, self.known[host])
        return _distinct(
            (
                step.label,
                self._change(place, host, step.host) + self._change(at, run, step.run),
                step.event,
                place,
            )
            for step in steps
        )

    def _by_itself(self, at: int, run: int) -> tuple[Step, ...]:
        moves = self.moves.by_itself(self.moves.runs[at - self.count], self.known[run])
        return _distinct((label, self._change(at, run, after), "", 0) for label, after in moves)

    def _alone(self, hosts: State) -> tuple[tuple[str, int], ...]:
        return tuple(
            (label, self._change(place, host, after))
            for place, host in ((place, self._number(hosts, place)) for place in self.places)
            for label, after in self.moves.alone(self.moves.names[place], self.known[host])
        )

    def _outdated(self, run: int, place: int) -> int:
        return self.known.of(self.moves.outdated(self.known[run], self.moves.names[place]))

    def _soiled(self, run: int, starter: int) -> int:
        return self.known.of(self.moves.soiled(self.known[run], self.known[starter]))

    def _renamed(self, value: int, symmetry: int) -> int:
        return self.known.of(renamed(self.known[value], self.moves, self.symmetries[symmetry]))


def _distinct(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Without those that change nothing, or the same as one before them."""
    found: dict[tuple[int, str], Step] = {}
    for step in steps:
        found.setdefault(step[1:3], step)
    return tuple(step for key, step in found.items() if key != (0, ""))


WRONG: Mapping[str, Callable[[Search, State, int], str]] = {
    "start": Search.started,
    "start again": lambda *_: "S3",
    "start sealed": lambda *_: "S4",
    "lock": Search.locked,
}

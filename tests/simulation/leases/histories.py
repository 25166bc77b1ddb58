"""Histories by their seeds: many of them, or one with all that happened in it."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from tests.simulation.leases.scenario import Scenario, scenario_of
from tests.simulation.leases.world import PRODUCT, Protocol, Tally, World


@dataclass(frozen=True, slots=True)
class History:
    """What happened, and what was wrong about it: the broken law and where."""

    scenario: Scenario
    trace: tuple[tuple[object, ...], ...]
    wrong: tuple[tuple[str, str], ...]
    events: int

    @property
    def digest(self) -> str:
        """The same for histories in which the same happened at the same time."""
        return blake2b(repr((self.trace, self.wrong)).encode(), digest_size=16).hexdigest()


def play(
    scenario: Scenario, protocol: Protocol = PRODUCT, seen: Tally | None = None
) -> History:
    """The history of a scenario; what the hosts answered and what befell is counted in ``seen``."""
    world = World(scenario, protocol, defaultdict(int) if seen is None else seen)
    world.play()
    return History(scenario, tuple(world.trace), tuple(world.wrong), world.events)


def play_seed(seed: int, protocol: Protocol = PRODUCT, seen: Tally | None = None) -> History:
    """The history of a seed."""
    return play(scenario_of(seed), protocol, seen)


@dataclass(frozen=True, slots=True)
class Batch:
    """How many were played, of how many events; the seeds that broke a law; what was seen."""

    histories: int
    events: int
    wrong: dict[int, str]
    seen: Tally


def play_seeds(seeds: Iterable[int], protocol: Protocol = PRODUCT, most: int = 1) -> Batch:
    """Many; after so many wrong ones no more."""
    seen: Tally = defaultdict(int)
    histories = events = 0
    wrong: dict[int, str] = {}
    gc.collect()
    gc.disable()
    try:
        for seed in seeds:
            history = play_seed(seed, protocol, seen)
            histories, events = histories + 1, events + history.events
            if history.wrong:
                wrong[seed] = history.wrong[0][0]
                if len(wrong) >= most:
                    break
            if not histories % 200:
                gc.collect(0)
    finally:
        gc.enable()
    return Batch(histories, events, wrong, seen)

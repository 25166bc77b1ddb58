"""Plays many histories on several processes, and counts what they have shown."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.simulation.history import make_history
from tests.simulation.player import play
from tests.simulation.shrink import law_of

PORTION = 20  # histories that a process plays before it tells of them
# Of objects between two looks for cycles: the usual 700 cost a tenth of the processor's time.
YOUNG, GENERATIONS = 50_000, 20


@dataclass(slots=True)
class Campaign:
    """What was played: how often what was seen, and the broken laws by seed."""

    played: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    broken: dict[int, str] = field(default_factory=dict)

    def add(self, other: Campaign) -> None:
        """Counts another part of it."""
        self.played += other.played
        self.cpu += other.cpu
        self.seen += other.seen
        self.broken |= other.broken

    def figures(self, cores: int) -> dict[str, object]:
        """As the record has it; times of the processor, which other work does not change."""
        kinds = ("change", "deed", "fault", "kill", "trick", "rival", "code", "file", "run")
        counted = {
            kind: dict(
                sorted(
                    (key[len(kind) + 1 :], n)
                    for key, n in self.seen.items()
                    if key.startswith(f"{kind} ")
                )
            )
            for kind in kinds
        }
        laws = Counter(law_of(wrong) for wrong in self.broken.values())
        return {
            "histories": self.played,
            "seconds": round(self.seconds, 1),
            "cpu_seconds": round(self.cpu, 1),
            "a_minute_and_core": round(60 * self.played / self.cpu, 1) if self.cpu else 0,
            "processes": cores,
            "violations": dict(laws),
            "failing_seeds": sorted(self.broken),
            "seen": counted,
        }


def _collect_seldom() -> None:
    gc.set_threshold(YOUNG, GENERATIONS, GENERATIONS)


def play_portion(seeds: range) -> Campaign:
    """Some histories, one after the other."""
    part, began = Campaign(), time.process_time()
    for seed in seeds:
        played = play(make_history(seed))
        part.played += 1
        part.seen += played.seen
        if played.wrongs:
            part.broken[seed] = played.wrongs[0]
    part.cpu = time.process_time() - began
    return part


def play_many(seeds: range, processes: int) -> Iterator[Campaign]:
    """The campaign so far, after each portion."""
    whole, began = Campaign(), time.monotonic()
    portions = [seeds[n : n + PORTION] for n in range(0, len(seeds), PORTION)]
    with ProcessPoolExecutor(processes, initializer=_collect_seldom) as pool:
        for part in pool.map(play_portion, portions):
            whole.add(part)
            whole.seconds = time.monotonic() - began
            yield whole

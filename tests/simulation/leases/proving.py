"""What is proven with histories: how many, at which rate, which weakenings they find, which laws."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any

from reconciler.gate.lease_decision import REFUSALS
from tests.simulation.leases.histories import play_seeds
from tests.simulation.leases.troubles import BY_MESSAGE, BY_TIME
from tests.simulation.leases.weakenings import weakenings
from tests.simulation.leases.world import STARTS, Tally

# A weakening has to be found within so many histories, and in a portion each trouble and each
# refusal has to occur so often.
SEEDS, OFTEN = 2_000, 100
# The laws of an answer, which the ledger of a host tells; those of a start are STARTS.
ANSWERS = (
    "refusal changes nothing",
    "token only rises",
    "no grant while paused",
    "no grant while something runs",
    "no grant over what cannot be read",
    "no living run is displaced early",
    "who is displaced is told",
    "who was displaced is remembered",
    "a grant is the run's",
    "a renewal is noted",
    "what began is noted",
    "who lost it is told so",
    "nobody seals another's",
    "only the named run is unlocked",
    "no seal while something runs",
    "a seal is noted, and who has it",
    "nobody frees another's",
    "freed only when sealed",
    "sealed everywhere before it is free",
    "nobody who may still act is forgotten",
    "free is free",
    "who is locked had all its leases at one moment",
    "it ends",
)
LAWS = (*STARTS, *ANSWERS)


def rare(seen: Tally) -> dict[str, int]:
    """The troubles and the refusals that occurred too seldom, and how often."""
    wanted: list[Any] = [*BY_MESSAGE, *BY_TIME]
    wanted += [(kind, code) for kind, rows in REFUSALS.items() for code, _ in rows]
    return {str(what): seen[what] for what in wanted if seen[what] < OFTEN}


def find_weakening(name: str) -> tuple[int, str] | None:
    """The seed that finds it, and the law that it breaks."""
    found = play_seeds(range(SEEDS), weakenings()[name]).wrong
    return next(iter(found.items()), None)


def find_by_law(law: str, names: Iterable[str]) -> tuple[str, int] | None:
    """A weakening that is found with this law alone, and by which seed: the law is alive."""
    for name in names:
        protocol = replace(weakenings()[name], laws=frozenset({law}))
        if found := play_seeds(range(SEEDS), protocol).wrong:
            return name, next(iter(found))
    return None


@dataclass(frozen=True, slots=True)
class Portion:
    """What a process has played; ``seconds`` are those of its processor."""

    histories: int
    events: int
    seconds: float
    wrong: dict[int, str]
    seen: dict[Any, int]


def play_portion(first: int, after: int) -> Portion:
    """In this process; it ends with the third that is wrong."""
    started = time.process_time()
    batch = play_seeds(range(first, after), most=3)
    seconds = time.process_time() - started
    return Portion(batch.histories, batch.events, seconds, batch.wrong, dict(batch.seen))


def play_in_processes(first: int, after: int, processes: int) -> Sequence[Portion]:
    """Portions of the seeds, side by side."""
    size = -(-(after - first) // processes)
    starts = range(first, after, size)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        tasks = [pool.submit(play_portion, at, min(at + size, after)) for at in starts]
        return [task.result() for task in tasks]


def prove(histories: int) -> dict[str, Any]:
    """The record: so many histories on all cores, then each weakening and each law."""
    cores = os.cpu_count() or 1
    started = time.monotonic()
    portions = play_in_processes(0, histories, cores)
    wall = time.monotonic() - started
    seconds = sum(portion.seconds for portion in portions)
    played = sum(portion.histories for portion in portions)
    found = {name: find_weakening(name) for name in weakenings()}
    done = subprocess.run(
        ("git", "rev-parse", "--short", "HEAD"), stdout=subprocess.PIPE, check=False, text=True
    )
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),  # noqa: TID251  # when it was measured
        "commit": done.stdout.strip(),
        "cores": cores,
        "histories": played,
        "events": sum(portion.events for portion in portions),
        "wall_seconds": round(wall, 1),
        "processor_seconds": round(seconds, 1),
        "wrong": {str(seed): law for part in portions for seed, law in part.wrong.items()},
        "seen": _said(portions),
        "weakenings": {name: list(how) if how else None for name, how in found.items()},
        "laws": _laws(found),
    }


def _said(portions: Sequence[Portion]) -> dict[str, int]:
    """How often each trouble befell somebody, and each answer was given."""
    said: dict[str, int] = {}
    for portion in portions:
        for what, count in portion.seen.items():
            key = what if isinstance(what, str) else f"{what[0].__name__} {what[1] or 'yes'}"
            said[key] = said.get(key, 0) + count
    return dict(sorted(said.items()))


def _laws(found: dict[str, tuple[int, str] | None]) -> dict[str, list[Any] | None]:
    """For each law a weakening that shows it alive: at first those that it was the first to find."""
    laws: dict[str, list[Any] | None] = {}
    for law in LAWS:
        first = [name for name, how in found.items() if how and how[1] == law]
        how = find_by_law(law, [*first, *(name for name in found if name not in first)])
        laws[law] = list(how) if how else None
    return laws

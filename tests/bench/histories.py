"""How many histories of the whole product are played in a minute, and where their time goes.

Run with ``python -m tests.bench.histories [HISTORIES] [profile]``. A history creates a cluster of
two hosts of three, has the third join, removes one, and finds nothing to change: planner, executor,
parsers and simulator in virtual time, every law watched. Each seed draws names, labels, ports,
numbers and who comes and goes, so that what is known of one history is worth little in the next.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import sys
import time
from collections.abc import Iterable
from multiprocessing import get_context

from reconciler.model.desired import Desired
from tests.clock import drive
from tests.invariant_monitor import Witness
from tests.runs import Controller, members, of, volume, witnessed

HISTORIES = 200
HOSTS = 3
# What is played before the clock starts: imports and texts that are read once.
WARM = 3
SHOWN = 45


def wishes(world: Witness, seed: int) -> list[Desired]:
    """The four files of a history."""
    dice = random.Random(seed)  # noqa: S311  # a seed gives the same history again
    hosts = sorted(world.machines)
    dice.shuffle(hosts)
    label = "".join(dice.choices("abcdefghijkmnpqrstuvwxyz", k=8))
    port = dice.randrange(7000, 8000)
    numbers = dice.sample(range(9), HOSTS) if dice.random() < 0.5 else [None] * HOSTS
    more = {
        "name": f"c{label[:5]}",
        "numbering": dice.choice(["stable", "compact"]) if numbers[0] is None else "stable",
        "volumes": [volume(world, label=label, slots=dice.randrange(3, 12))],
    }

    def file(names: Iterable[str]) -> Desired:
        items = members(world, *names)
        for item in items:
            number = numbers[hosts.index(item["name"])]
            item.update({"port": port} if number is None else {"port": port, "number": number})
        return of({**more, "members": items})

    left = dice.choice(hosts[:2])
    stays = [name for name in hosts if name != left]
    return [file(hosts[:2]), file(hosts), file(stays), file(stays)]


async def live(world: Witness, seed: int) -> list[str]:
    """One history; the words in which its runs ended."""
    controller = Controller(world)
    ends = []
    for wish in wishes(world, seed):
        ends.append((await controller.apply(wish)).word)
        world.advance(130)
    return ends


def play(seed: int) -> None:
    """One history, which ends as it must."""
    world = witnessed(HOSTS, seed=seed)
    ends = drive(world, live(world, seed))
    if ends != ["converged", "converged", "converged", "no-change"] or world.wrongs():
        raise SystemExit(f"seed {seed}: {ends} {world.wrongs()}")


def play_many(seeds: range) -> float:
    """Histories one after the other, in this process; CPU seconds."""
    for seed in range(-WARM, 0):
        play(seed)
    began = time.process_time()
    for seed in seeds:
        play(seed)
    return time.process_time() - began


def measure(count: int, processes: int) -> str:
    """A row: as many processes at once, each with ``count`` histories of its own."""
    with get_context("fork").Pool(processes) as pool:
        pool.map(play_many, [range(0)] * processes, chunksize=1)
        parts = [range(n * count, (n + 1) * count) for n in range(processes)]
        began = time.monotonic()
        cpu = sum(pool.map(play_many, parts, chunksize=1))
        wall = time.monotonic() - began
    done = count * processes
    return (
        f"{processes} processes {done:6} histories {wall:7.1f} s {60 * done / wall:7.0f} a minute "
        f"{1000 * cpu / done:6.1f} ms CPU each"
    )


def main() -> None:
    """Print a row for one process and for two, or a profile."""
    count = next((int(word) for word in sys.argv[1:] if word.isdigit()), HISTORIES)
    if "profile" in sys.argv[1:]:
        play_many(range(0))
        with cProfile.Profile() as profile:
            for seed in range(count):
                play(seed)
        for order in ("cumulative", "tottime"):
            pstats.Stats(profile).sort_stats(order).print_stats(SHOWN)
        return
    for processes in (1, 2):
        print(measure(count, processes), flush=True)


if __name__ == "__main__":
    main()

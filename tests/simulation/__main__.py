"""python -m tests.simulation: tells, shrinks or plays histories by their seeds.

--seed N tells one history and how it went; with --shrink it is cut down to what breaks the law.
--seeds A:B plays many on --processes; with --record their figures are written for the manual.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import UTC, datetime

from tests.arguments import positive, seeds
from tests.proof.proof_page import save_record
from tests.simulation.campaign import Campaign, play_many
from tests.simulation.history import make_history
from tests.simulation.mutants import kill_mutants
from tests.simulation.player import play
from tests.simulation.shrink import law_of, shrink
from tests.simulation.story import tell_history, tell_played


def main() -> int:
    """1 when a law was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="tell this history")
    parser.add_argument("--shrink", action="store_true", help="cut it down to what is wrong")
    parser.add_argument(
        "--seeds", type=seeds, default="0:100", help="A:B, B excluded; default 0:100"
    )
    parser.add_argument("--processes", type=positive, default=1, help="default 1")
    parser.add_argument(
        "--record", action="store_true", help="write the figures for the manual"
    )
    asked = parser.parse_args()
    if asked.seed is not None:
        return tell_one(asked.seed, smaller=asked.shrink)
    return play_all(asked.seeds, asked.processes, record=asked.record)


def tell_one(seed: int, *, smaller: bool) -> int:
    """The story of a seed."""
    history = make_history(seed)
    played = play(history)
    if smaller and not played.wrongs:
        print("No law was broken: there is nothing to cut down.\n")
    elif smaller:
        history = shrink(history, law_of(played.wrongs[0]))
        played = play(history)
        print(f"{history!r}\n")
    print(tell_history(history), tell_played(played), sep="\n\n")
    return bool(played.wrongs)


def play_all(chosen: range, processes: int, *, record: bool) -> int:
    """Plays them, and tells how it goes."""
    whole, told = Campaign(), set[int]()
    for whole in play_many(chosen, processes):
        for seed in sorted(whole.broken.keys() - told):
            print(f"seed {seed}: {whole.broken[seed]}", flush=True)
        told |= whole.broken.keys()
        pace = 60 * whole.played / whole.seconds
        print(
            f"{whole.played} of {len(chosen)}, {pace:.0f} a minute, {len(whole.broken)} broken",
            file=sys.stderr,
        )
    figures = whole.figures(processes)
    print(figures)
    if record:
        asked = ["git", "rev-parse", "--short", "HEAD"]
        commit = subprocess.run(
            asked, capture_output=True, text=True, check=True
        ).stdout.strip()
        day = datetime.now(UTC).date().isoformat()  # noqa: TID251  # the day of the run
        about = {"date": day, "commit": commit, "seeds": [chosen.start, chosen.stop]}
        save_record("simulation", {**about, **figures, "mutants": kill_mutants()})
    return bool(whole.broken)


if __name__ == "__main__":
    raise SystemExit(main())

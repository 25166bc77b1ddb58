"""Plays cells of the fault matrix, or a soak, on a lab of its own; needs root.

python -m tests.faults                                   the whole matrix
python -m tests.faults --cells create/killed,leave/*     these
python -m tests.faults soak --seed 3 --changes 10        a history of random changes
"""

import argparse
import fnmatch
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from tests.arguments import positive
from tests.faults.cells import BAD, CELLS, CellResult
from tests.faults.logs import directory, keep_logs
from tests.faults.matrix import play_all
from tests.faults.records import RECORDS, save_cell, save_soak
from tests.faults.soak import soak
from tests.faults.stage import raised_stage

NETNS = "faults"


def chosen_cells(patterns: str) -> list[str]:
    """The cells that patterns name, in the order of the patterns; ValueError for one that is unknown."""
    found: list[str] = []
    for pattern in patterns.split(","):
        named = [cell for cell in CELLS if fnmatch.fnmatch(cell, pattern.strip())]
        if not named:
            raise ValueError(f"no cell {pattern!r}; there are {', '.join(CELLS)}")
        found += [cell for cell in named if cell not in found]
    return found


def play_cells(args: argparse.Namespace) -> int:
    """All of them; 1 if one went wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as home:
        played = play_all(args.netns, Path(home), args.cells, args.seed, args.minutes)
        for stage, result in played:
            tell(result)
            save_cell(stage, result, args.records)
            if result.outcome in BAD:
                wrong = 1
                keep_logs(stage, result, args.keep)
    return wrong


def play_soak(args: argparse.Namespace) -> int:
    """A history of random changes with a random fault in each."""
    with (
        tempfile.TemporaryDirectory() as home,
        raised_stage(args.netns, Path(home), os.getpid()) as stage,
    ):

        def keep(result: CellResult) -> None:
            tell(result)
            save_cell(stage, result, args.records)
            if result.outcome in BAD:
                keep_logs(stage, result, args.keep)

        found = soak(stage, args.seed, args.changes, keep)
        save_soak(stage, found, args.records)
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
        return 1 if found["violations"] else 0


def tell(result: CellResult) -> None:
    """One line a cell, as it ends."""
    sys.stdout.write(json.dumps(result.to_record()) + "\n")
    sys.stdout.flush()


def main() -> int:
    """1 if anything went wrong."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", nargs="?", choices=("cells", "soak"), default="cells")
    parser.add_argument("--cells", default="*", help="patterns OPERATION/FAULT, with commas")
    parser.add_argument("--seed", type=int, default=1, help="of chance; default 1")
    parser.add_argument("--changes", type=positive, default=10, help="of a soak; default 10")
    parser.add_argument(
        "--minutes", type=float, default=600, help="no cell begins after that; default 600"
    )
    parser.add_argument("--netns", default=NETNS, help=f"the lab's name; default {NETNS}")
    parser.add_argument(
        "--records",
        type=Path,
        default=RECORDS,
        help="the directory of the results; default those of the manual",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        default=directory(),
        help="where logs of a cell that went wrong go; default build/soak",
    )
    args = parser.parse_args()
    # Who is told to end takes the lab down first.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))
    try:
        args.cells = chosen_cells(args.cells)
    except ValueError as error:
        parser.error(str(error))
    return play_soak(args) if args.what == "soak" else play_cells(args)


if __name__ == "__main__":
    sys.exit(main())

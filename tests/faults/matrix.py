"""Many cells, one after the other, on as few labs as can be."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.cells import WRONG, CellResult, play
from tests.faults.stage import Stage, raised_stage


def play_all(
    netns: str, home: Path, cells: list[str], seed: int, minutes: float = 1e6
) -> Iterator[tuple[Stage, CellResult]]:
    """The cells on one lab; what follows one that went wrong is played on a new one.

    None begins after so many minutes.
    """
    until = time.monotonic() + minutes * 60
    left = list(cells)
    while left and time.monotonic() < until:
        place = home / str(len(left))
        place.mkdir()
        with raised_stage(netns, place, os.getpid()) as stage:
            while left and time.monotonic() < until:
                result = play(stage, left.pop(0), seed)
                yield stage, result
                if result.outcome == WRONG:
                    break

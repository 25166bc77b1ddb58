"""Many cells, one after the other, on as few labs as can be."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.cells import WRONG, CellResult, play
from tests.faults.operations import OPERATIONS, State
from tests.faults.stage import Stage, raised_stage


def take_next(left: list[str], state: State | None) -> str:
    """Takes the first cell that begins with the members that are there, else the first of all.

    ``state`` is what the hosts were brought to, None for blank ones.
    """

    def begins_here(cell: str) -> bool:
        operation = OPERATIONS[cell.partition("/")[0]]
        if state is None or operation.is_first:
            return state is None and operation.is_first
        before = operation.before(state)
        return (before.members, before.dead) == (state.members, state.dead)

    cell = next(filter(begins_here, left), left[0])
    left.remove(cell)
    return cell


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
                state = None if stage.is_blank else stage.state
                result = play(stage, take_next(left, state), seed)
                yield stage, result
                if result.outcome == WRONG:
                    break

"""A seeded history of changes on one lab, each with a random fault in its midst."""

import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.faults.cells import BAD, CellResult, play
from tests.faults.injections import FAULTS
from tests.faults.logs import directory
from tests.faults.operations import OPERATIONS
from tests.faults.stage import Stage, utc


def histories(seed: int, changes: int) -> Iterator[str]:
    """The cells of a history: a cluster is created, then anything may follow anything."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes the history
    later = [name for name, one in OPERATIONS.items() if not one.is_first]
    for number in range(changes):
        operation = chance.choice(later) if number else "create"
        yield f"{operation}/{chance.choice(tuple(FAULTS))}"


def soak(
    stage: Stage, seed: int, changes: int, tell: Callable[[CellResult], None]
) -> dict[str, Any]:
    """Plays a history; what came of it. It ends at the first thing that is wrong.

    ``tell`` hears of each change as it ends: it is a cell of the matrix, too.
    """
    began = time.monotonic()
    date = utc()
    log = directory() / f"{seed}.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    cells, violations, pauses = [], [], []
    with log.open("w") as file:
        for number, cell in enumerate(histories(seed, changes)):
            result = play(stage, cell, seed * 1000 + number)
            file.write(json.dumps(result.to_record()) + "\n")
            file.flush()
            cells.append(cell)
            tell(result)
            if result.pause is not None and not result.is_outage:
                pauses.append(result.pause)
            if result.outcome in BAD:
                violations.append(f"{cell}: {result.why}"[:300])
                break
    return {
        "date": date,
        "seed": seed,
        "wanted": changes,
        "cells": cells,
        "violations": violations,
        "pause": max(pauses, default=None),
        "seconds": round(time.monotonic() - began),
    }

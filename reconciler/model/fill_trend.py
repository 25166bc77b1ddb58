"""How a volume fills: when it will be full, if it goes on as it did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile
from statistics import linear_regression

from reconciler.model.watched import Sample

# Fewer samples, or those of a shorter time, say nothing of the days to come.
FEWEST, SHORTEST = 4, timedelta(hours=12)
# Days after which nobody plans.
FARTHEST = 3650.0
DAY = timedelta(days=1)


def bytes_a_day(samples: Sequence[Sample]) -> float | None:
    """How much fuller a volume gets in a day, from its samples in the order of time.

    Only those count that came since its size was another. None where they are too few.
    """
    if not samples:
        return None
    size = samples[-1].size
    same = [*takewhile(lambda one: one.size == size, reversed(samples))]
    first = same[-1].at
    if len(same) < FEWEST or same[0].at - first < SHORTEST:
        return None
    days = [(one.at - first) / DAY for one in same]
    return linear_regression(days, [one.used for one in same]).slope


def days_until_full(samples: Sequence[Sample]) -> float | None:
    """In how many days the volume is full, counted from its last sample; 0 for one that is.

    None where it does not get fuller, where too little is known, or where it takes ten years.
    """
    if samples and samples[-1].used >= samples[-1].size:
        return 0.0
    grows = bytes_a_day(samples)
    if grows is None or grows <= 0:
        return None
    days = (samples[-1].size - samples[-1].used) / grows
    return days if days <= FARTHEST else None

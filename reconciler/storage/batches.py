"""Many values, a few at a time: a statement has a limit of them, and one for each takes long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
# Below what SQLite takes (SQLITE_MAX_VARIABLE_NUMBER is 999 in old ones), with room for others.
MOST = 500


def batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """All of them, in order, at most ``MOST`` at a time."""
    for begin in range(0, len(values), MOST):
        yield values[begin : begin + MOST]

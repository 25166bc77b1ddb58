"""Which exit code wins where a command has done several things."""

from __future__ import annotations

from collections.abc import Iterable

# As the manual has it (exit-codes, 2); a file that is not there comes next to one that is broken.
PRECEDENCE = (130, 1, 64, 6, 5, 4, 3, 2, 0)


def combine_exit_codes(codes: Iterable[int]) -> int:
    """The code that is to be known first; 0 of none."""
    return min(codes, key=PRECEDENCE.index, default=0)

"""Words of the command lines of ``python -m tests.…``; a wrong one is told, not traced."""

from __future__ import annotations

from argparse import ArgumentTypeError


def seeds(text: str) -> range:
    """``A:B``, B excluded; none at all would prove nothing, and look as if it had."""
    first, colon, last = text.partition(":")
    if not (colon and first.isdecimal() and last.isdecimal() and int(first) < int(last)):
        raise ArgumentTypeError(f"not A:B with A below B: {text!r}")
    return range(int(first), int(last))


def positive(text: str) -> int:
    """A count of at least one."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"not a count of at least one: {text!r}")
    return int(text)

"""Where two records differ: by step, host and section, value by value."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

MISSING = "nothing"


def differences(expected: list[Any], got: list[Any]) -> list[str]:
    """A line for each value that is not the same in both records; none if they are equal."""
    found = []
    for number, (one, other) in enumerate(zip_longest(expected, got), 1):
        step = (one or other)["step"]
        found += [f"{number} {step}: {line}" for line in _compare("", one, other)]
    return found


def _compare(place: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from _compare(
                f"{place} {key}".strip(), one.get(key, MISSING), other.get(key, MISSING)
            )
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from _compare(f"{place}[{index}]", *pair)
    elif one != other:
        yield f"{place}: expected {one!r}, got {other!r}"

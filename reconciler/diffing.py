"""What differs inside one value: the only door to deepdiff, which is slow to import and to run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import unified_diff
from typing import Any

# How values of several parts are joined where they are told in one line.
BETWEEN = "; "
# Values on one line that are longer are compared by word, as no eye finds what differs.
LONG = 60
WORDS = re.compile(r"[\s,]+")
INDEX = re.compile(r"\[\d+\]$")  # of a list without an order
KEY = re.compile(r"root\['([^']+)'\]")  # a value by its key alone, as a person calls it


def differences(expected: object, actual: object) -> tuple[str, ...]:
    """In lines what ``actual`` has otherwise than ``expected``; of texts as a unified diff.

    Nothing where one of the two is missing, or where there is nothing inside them.
    """
    if isinstance(expected, str) and isinstance(actual, str):
        if "\n" in expected or "\n" in actual:
            old, new = expected.splitlines(), actual.splitlines()
            return tuple(unified_diff(old, new, "expected", "actual", n=1, lineterm=""))
        return _items(expected, actual)
    inside = (Mapping, list, tuple)
    if isinstance(expected, inside) and isinstance(actual, inside):
        return _deep(expected, actual)
    return ()


def _items(expected: str, actual: str) -> tuple[str, ...]:
    """Of two lists on one line what only one of them has."""
    old, new = expected.split(BETWEEN), actual.split(BETWEEN)
    if len(old) == len(new) == 1:
        if min(len(expected), len(actual)) <= LONG:
            return ()
        old, new = WORDS.split(expected), WORDS.split(actual)
    return _deep(old, new)


def _deep(expected: object, actual: object) -> tuple[str, ...]:
    from deepdiff import DeepDiff  # noqa: PLC0415  # slow to import, only where something differs

    found = DeepDiff(
        expected, actual, ignore_order=True, ignore_type_in_groups=[(list, tuple)], view="tree"
    )
    lines = (_line(level) for levels in found.values() for level in levels)
    return tuple(sorted(lines))


def _line(level: Any) -> str:
    """Where, and both values; what is on one side only has ``nothing`` on the other."""
    where = INDEX.sub("", KEY.sub(r"\1", level.path()).removeprefix("root"))
    return f"{where}: expected {_value(level.t1)}, actual {_value(level.t2)}".removeprefix(": ")


def _value(value: object) -> str:
    return "nothing" if repr(value) == "not present" else str(value)

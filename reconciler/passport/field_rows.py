"""Rows of the passport from the records of runs: what was done and proven on an operator's own hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.passport.operations import OPERATIONS
from reconciler.passport.passport_rows import Row
from reconciler.passport.platforms import split_platforms

# The line of a record that says so, once for each cluster that became as its file says.
PROVEN = "operations-proven"
DAY = len("2026-11-29")


def field_rows(lines: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """The rows of a run's lines; records of versions that did not tell have none."""
    for line in lines:
        if line.get("event") == PROVEN:
            yield from _rows(line)


def _rows(line: Mapping[str, Any]) -> Iterator[Row]:
    """None where kernel or tools were not known, or where what stands there is none of ours."""
    try:
        platforms = split_platforms(str(line.get("kernel")), str(line.get("tools")))
    except ValueError:
        return
    day = str(line.get("time"))[:DAY]
    for name in line.get("operations") or ():
        if isinstance(name, str) and name in OPERATIONS:
            yield Row(platforms, name, day)

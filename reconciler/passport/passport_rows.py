"""The rows of the passport: an operation that was done and proven, on which platforms, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from reconciler.frozen import frozen
from reconciler.passport.operations import OPERATIONS
from reconciler.passport.platforms import (
    Platforms,
    covers,
    join_platforms,
    order_of,
    split_platforms,
)

SIGHTINGS = "sightings.json"


@frozen
class Row:
    """An operation that was proven on some platforms: the last day of it, and how many runs did it."""

    platforms: Platforms
    operation: str
    date: str
    runs: int = 1

    def as_plain(self) -> dict[str, str]:
        """As it stands in the file of the laboratory's rows."""
        words = join_platforms(self.platforms)
        return {**words, "operation": self.operation, "date": self.date}


# Whoever is made or joins there has its volumes mounted at the end, and they are used.
SHOWN_WITH: Mapping[str, tuple[str, ...]] = {"create": ("mount",), "join": ("mount",)}


@cache
def lab_rows() -> tuple[Row, ...]:
    """What the laboratory has proven, as this version was shipped."""
    found = parse_rows(
        resources.files(__name__.rpartition(".")[0]).joinpath(SIGHTINGS).read_text()
    )
    more = (
        replace(r, operation=name) for r in found for name in SHOWN_WITH.get(r.operation, ())
    )
    return merge_rows([*found, *more])


def parse_rows(text: str) -> tuple[Row, ...]:
    """The rows of a file; raises ValueError for an operation or a pair that there is not."""
    return tuple(map(_row, json.loads(text)))


def _row(item: Mapping[str, Any]) -> Row:
    if item["operation"] not in OPERATIONS:
        raise ValueError(f"{item['operation']} is no operation")
    platforms = split_platforms(item["kernel"], item["tools"])
    return Row(platforms, item["operation"], item["date"])


def merge_rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    """One row for each operation on the same platforms, in the order of both."""
    found: dict[tuple[Platforms, str], Row] = {}
    for row in rows:
        key = row.platforms, row.operation
        if old := found.get(key):
            row = Row(*key, max(old.date, row.date), old.runs + row.runs)  # noqa: PLW2901  # of both
        found[key] = row
    return tuple(sorted(found.values(), key=_place))


def _place(row: Row) -> tuple[object, ...]:
    """Of one kind of host first, then of clusters whose members differ."""
    order = [order_of(platform) for platform in row.platforms]
    return len(order), order, [*OPERATIONS].index(row.operation)


def find_row(rows: Iterable[Row], platforms: Platforms, operation: str) -> Row | None:
    """The latest proof of an operation on these platforms; None if there is none."""
    fitting = [
        row for row in rows if row.operation == operation and covers(row.platforms, platforms)
    ]
    return max(fitting, key=lambda row: row.date, default=None)

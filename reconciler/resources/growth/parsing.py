"""Logical volumes of a storage host."""

from __future__ import annotations

import re
from collections.abc import Callable

from reconciler.model.observed import LogicalVolume
from reconciler.probe.sections import Section, dash, group_rows, number

PERCENT = re.compile(r"[0-9]{1,3}\.[0-9]{1,2}")


def parse_volumes(section: Section) -> tuple[LogicalVolume, ...]:
    """Those that were asked for; ValueError where a size or a percentage is none."""
    rows = group_rows(section, {"lv": 5, "pool": 3, "missing": 2})
    used = {name: (percent(data), percent(meta)) for name, data, meta in rows["pool"]}
    found = [
        LogicalVolume(
            name,
            "",
            number(size),
            number(free),
            number(extent),
            dash(pool),
            *used.get(name, (None, None)),
        )
        for name, size, free, extent, pool in rows["lv"]
    ]
    return (*found, *(LogicalVolume(name, why or "?") for name, why in rows["missing"]))


def percent(value: str) -> float | None:
    """A percentage as LVM writes it, None for ``-``.

    Raises ValueError for anything else.
    """
    if value != "-" and not PERCENT.fullmatch(value):
        raise ValueError(f"not a percentage: {value[:64]!r}")
    return None if value == "-" else float(value)


SECTIONS: dict[str, Callable[[Section], object]] = {"logical_volumes": parse_volumes}

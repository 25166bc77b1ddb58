"""Waves of a rollout: which cluster is in which, and what is next. It is told all, and asks nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from reconciler.errors import UsageError
from reconciler.frozen import frozen

DEFAULT = ("1", "10%", "rest")
REST = "rest"
# Seconds that a wave may stand: 30 days.
LONGEST_SOAK = 30 * 86400
HINT = "say a number of clusters as 1, a part of all as 10%, or rest"


@frozen
class Placed:
    """A cluster, and the zone that it is in."""

    name: str
    zone: str


def parse_waves(words: Iterable[str]) -> tuple[str, ...]:
    """Sizes of waves, each by its own or several with commas; without any the ``DEFAULT``.

    Raises UsageError for what is no size, and where a cluster would be in no wave.
    """
    sizes = tuple(size.strip() for word in words for size in word.split(",")) or DEFAULT
    for place, size in enumerate(sizes, 1):
        _check_size(size, place)
    if REST in sizes[:-1]:
        raise UsageError(f"--wave {','.join(sizes)}: rest is all that is left, so it is last")
    if sizes[-1] != REST:
        raise UsageError(
            f"--wave {','.join(sizes)}: end with rest, so that every cluster has its wave"
        )
    return sizes


def check_soak(seconds: float) -> None:
    """Raises UsageError for a soak that no wave will stand, as one that leads behind the end of the calendar."""
    if seconds > LONGEST_SOAK:
        raise UsageError(f"--soak is at most {LONGEST_SOAK // 3600}h")


def _check_size(size: str, place: int) -> None:
    match = re.fullmatch(r"(?P<part>[0-9]{1,3})%|(?P<number>[0-9]{1,6})|rest", size)
    if match is None:
        raise UsageError(f"--wave {size!r} (wave {place}) is no size: {HINT}")
    if match["number"] and int(match["number"]) == 0:
        raise UsageError(f"--wave {size} (wave {place}) has no cluster: {HINT}")
    if match["part"] and not 1 <= int(match["part"]) <= 100:
        raise UsageError(f"--wave {size} (wave {place}) is no part of all: say 1% to 100%")


def assign_waves(
    sizes: Sequence[str], clusters: Sequence[Placed], first: Sequence[str] = ()
) -> tuple[tuple[str, ...], ...]:
    """The names of each wave; one that nobody is left for is left out.

    Who is named ``first`` comes first, in that order. Of the others one of each zone comes, then
    the next of each, so that the first waves meet as many zones as they have clusters; in a zone
    they come by name. A part is of all, rounded down, and one cluster at least.
    """
    left = iter(_in_order(clusters, first))
    waves = (tuple(islice(left, _count(size, len(clusters)))) for size in sizes)
    return tuple(wave for wave in waves if wave)


def _count(size: str, total: int) -> int:
    if size == REST:
        return total
    if size.endswith("%"):
        return max(1, total * int(size[:-1]) // 100)
    return int(size)


def _in_order(clusters: Sequence[Placed], first: Sequence[str]) -> tuple[str, ...]:
    others: dict[str, list[str]] = {}
    for name, zone in sorted((one.name, one.zone) for one in clusters):
        if name not in first:
            others.setdefault(zone, []).append(name)
    places = (
        (place, zone, name)
        for zone, names in others.items()
        for place, name in enumerate(names)
    )
    return (*dict.fromkeys(first), *(name for _, _, name in sorted(places)))

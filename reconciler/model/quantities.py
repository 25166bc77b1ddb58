"""Sizes and durations as operators write them, exact or refused."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from reconciler.model.field_types import quote_value, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Few enough digits that no number is refused or slow for its length alone.
SIZE_PATTERN = r"^[1-9][0-9]{0,15}(KiB|MiB|GiB|TiB|PiB)$"
DURATION_PATTERN = r"^[1-9][0-9]{0,6}(s|m|h)$"

_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "PiB": 1 << 50}
_SECONDS = {"s": 1, "m": 60, "h": 3600}
SHARE_PATTERN = r"^([1-9][0-9]?|100)%$"
_SHARE_FORM = "a number of members from 1 to 255 nor a percentage of them from 1% to 100%"
# Of a unit: what is less rounds to nothing.
LEAST = 0.1
# o2nm: O2NM_MAX_NODES (fs/ocfs2/cluster/ocfs2_nodemanager.h).
MOST_MEMBERS = 255
_SIZE_FORM = "a whole number with a binary unit, like 512MiB or 800GiB"


def with_count(count: int, what: str) -> str:
    """``1 change``, ``2 changes``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def parse_size(text: object) -> int:
    """Bytes of ``800GiB``; ValueError unless it is a whole number with a binary unit."""
    if not isinstance(text, str) or not re.fullmatch(SIZE_PATTERN, text):
        raise refusal("bad-size", f"{quote_value(text)} is not a size: {_SIZE_FORM}")
    return int(text[:-3]) * _UNITS[text[-3:]]


def format_size(size: int) -> str:
    """The shortest exact text of ``size`` bytes: ``800GiB``, or ``12345 bytes``."""
    for unit, factor in reversed(_UNITS.items()):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size} bytes"


def format_sizes(*sizes: int) -> tuple[str, ...]:
    """Sizes that are compared, exact and all in the largest unit in which all are whole."""
    whole = math.gcd(*sizes)
    for unit, factor in reversed(_UNITS.items()):
        if whole and whole % factor == 0:
            return tuple(f"{size // factor}{unit}" for size in sizes)
    return tuple(f"{size} bytes" for size in sizes)


def round_size(count: int, beside: int | None = None) -> str:
    """``1.5 GiB``: with one digit behind the point, enough to be seen, and read at a glance.

    In the unit of what it stands ``beside``.
    """
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    power = min((max(beside or count, 1).bit_length() - 1) // 10, len(units) - 1)
    value = count / 1024**power
    if 0 < value < LEAST:
        return f"under {LEAST} {units[power]}"
    return (
        f"{value:.0f} {units[power]}" if value == int(value) else f"{value:.1f} {units[power]}"
    )


def sizes_on_hosts(sizes: Mapping[str, int | None], *beside: int) -> tuple[str, ...]:
    """``1GiB on a, b; 2GiB on c``, then the sizes ``beside`` in the same unit."""
    hosts: dict[int | None, list[str]] = {}
    for host, size in sizes.items():
        hosts.setdefault(size, []).append(host)
    known = [size for size in hosts if size is not None]
    words: dict[int | None, str] = {None: "unknown"}
    words |= dict(zip((*known, *beside), format_sizes(*known, *beside), strict=True))
    told = (f"{words[size]} on {', '.join(names)}" for size, names in hosts.items())
    return ("; ".join(told), *(words[size] for size in beside))


def parse_extent(text: object) -> int | Literal["fill"]:
    """Bytes, or ``fill``: all that there is; ValueError otherwise."""
    if text == "fill":
        return "fill"
    if not isinstance(text, str) or not re.fullmatch(SIZE_PATTERN, text):
        raise refusal("bad-size", f"{quote_value(text)} is neither 'fill' nor {_SIZE_FORM}")
    return parse_size(text)


def format_extent(extent: int | Literal["fill"]) -> str:
    """What ``parse_extent`` reads back as ``extent``."""
    return "fill" if extent == "fill" else format_size(extent)


def size_among(*allowed: str) -> Callable[[object], int]:
    """A parser that knows the ``allowed`` sizes only, spelled as given."""

    def parse(text: object) -> int:
        if text not in allowed:
            raise refusal("bad-size", f"{quote_value(text)} is not one of {', '.join(allowed)}")
        return parse_size(text)

    return parse


def parse_duration(text: object) -> timedelta:
    """The time span of ``30s``, ``5m`` or ``24h``; ValueError otherwise."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not re.fullmatch(DURATION_PATTERN, text):
        raise refusal(
            "bad-duration",
            f"{quote_value(text)} is not a duration: a whole number with a unit, like 30s, 5m or 24h",
        )
    return timedelta(seconds=int(text[:-1]) * _SECONDS[text[-1]])


def format_duration(span: timedelta) -> str:
    """The shortest exact text of ``span``: ``24h``, ``5m`` or ``30s``."""
    seconds = int(span.total_seconds())
    for unit, factor in reversed(_SECONDS.items()):
        if seconds % factor == 0:
            return f"{seconds // factor}{unit}"
    raise AssertionError(span)


def parse_share(value: object) -> int | str:
    """So many members as a number from 1 to 255, or ``25%`` of them; ValueError otherwise."""
    if type(value) is int and 1 <= value <= MOST_MEMBERS:
        return value
    if isinstance(value, str) and re.fullmatch(SHARE_PATTERN, value):
        return value
    raise refusal("bad-value", f"{quote_value(value)} is neither {_SHARE_FORM}")


def part_of(share: int | str, whole: int) -> int:
    """How many of ``whole`` a share is; a percentage is rounded down, and is at least one."""
    if isinstance(share, int):
        return share
    return max(1, whole * int(share.removesuffix("%")) // 100)


Share = Annotated[
    int | str,
    PlainValidator(parse_share),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": MOST_MEMBERS},
                {"type": "string", "pattern": SHARE_PATTERN},
            ],
            "examples": [1, "25%"],
        }
    ),
]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size),
    WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN, "examples": ["800GiB"]}),
]
Extent = Annotated[
    int | Literal["fill"],
    BeforeValidator(parse_extent),
    PlainSerializer(format_extent),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": SIZE_PATTERN.replace("^", "^(fill|").replace("$", ")$"),
            "examples": ["800GiB", "fill"],
        }
    ),
]
Duration = Annotated[
    timedelta,
    PlainValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["5m"]}),
]
BLOCK_SIZES = ("1KiB", "2KiB", "4KiB")
CLUSTER_SIZES = (
    *("4KiB", "8KiB", "16KiB", "32KiB", "64KiB"),
    *("128KiB", "256KiB", "512KiB", "1MiB"),
)
# OCFS2_MIN_BLOCKSIZE .. OCFS2_MAX_BLOCKSIZE and OCFS2_MIN/MAX_CLUSTERSIZE (ocfs2_fs.h),
# without the block size of 512 bytes, which has no binary unit and no use today.
BlockSize = Annotated[
    int,
    BeforeValidator(size_among(*BLOCK_SIZES)),
    PlainSerializer(format_size),
    WithJsonSchema({"type": "string", "enum": list(BLOCK_SIZES)}),
]
ClusterSize = Annotated[
    int,
    BeforeValidator(size_among(*CLUSTER_SIZES)),
    PlainSerializer(format_size),
    WithJsonSchema({"type": "string", "enum": list(CLUSTER_SIZES)}),
]

"""Large inputs of small ones: what takes the square of its size is told by its time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.fuzz.target import LARGE

FIELD = re.compile(rb"([\t =,:\[\]]+)")
KINDS = 5  # of lines of one input that are repeated


def stretch(data: bytes, size: int = LARGE) -> Iterator[bytes]:
    """``data`` as large as ``size``: lines again and again, each time with other words."""
    lines = data.split(b"\n")
    kinds = {FIELD.split(line)[0]: at for at, line in enumerate(lines) if line.strip()}
    for at in list(kinds.values())[:KINDS]:
        for number in (_second_numbered, _all_numbered):
            yield _filled(lines[:at], lines[at], lines[at + 1 :], number, size)
    yield _filled([], data, [], _second_numbered, size)
    yield _filled([], data, [], _same, size)
    yield from _lists(data, size)


def _filled(
    before: list[bytes],
    line: bytes,
    after: list[bytes],
    number: Callable[[bytes, int], bytes],
    size: int,
) -> bytes:
    made, length, place = list[bytes](), 0, 0
    while length < size:
        made.append(b"\n".join(number(one, place) for one in line.split(b"\n")))
        length += len(made[-1]) + 1
        place += 1
    return b"\n".join([*before, *made[:-1], *after])[:size]


def _same(line: bytes, _place: int) -> bytes:
    return line


def _second_numbered(line: bytes, place: int) -> bytes:
    """``want REF yes`` becomes ``want REF7 yes``."""
    parts = FIELD.split(line)
    if len(parts) > 2:
        parts[2] += b"%d" % place
    return b"".join(parts)


def _all_numbered(line: bytes, place: int) -> bytes:
    parts = FIELD.split(line)
    return b"".join(
        part + b"%d" % place if at and not at % 2 else part for at, part in enumerate(parts)
    )


def _lists(data: bytes, size: int) -> Iterator[bytes]:
    """A document whose lists, and mappings, have many more items, one of them at a time."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    for place in list(_places(document))[:KINDS]:
        copy = json.loads(data)
        _fill(copy, place, size)
        yield json.dumps(copy).encode()


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if not isinstance(value, (dict, list)) or not value:
        return
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _places(inner, (*path, key))


def _fill(document: Any, path: tuple[Any, ...], size: int) -> None:
    found = document
    for key in path:
        found = found[key]
    if isinstance(found, dict):
        key = next(iter(found))
        width = len(key) + len(json.dumps(found[key])) + 12
        found.update({f"{key}{n}": found[key] for n in range(size // width)})
    else:
        width = len(json.dumps(found[0])) + 2
        found.extend([found[0]] * (size // width))

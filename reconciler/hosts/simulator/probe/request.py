"""What a probe is asked, and how its lines are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine

Rows = Iterator[str]


@dataclass(frozen=True, slots=True)
class Request:
    """Devices to describe, those to check for blankness, mount paths, sections to answer.

    ``units`` are told besides the usual ones, ``targets`` are connected to, what is mounted on
    ``sizes`` is asked for its size. ``logical`` are volumes of a storage host, VG/LV, of
    ``orders`` the order is told. ``guests`` are paths with the words of a list command; of
    ``packages`` the version is told, if they are installed.
    """

    refs: tuple[str, ...]
    blank: frozenset[str]
    paths: tuple[str, ...]
    only: frozenset[str]
    units: tuple[str, ...]
    targets: tuple[str, ...]
    sizes: tuple[str, ...]
    logical: tuple[str, ...]
    orders: tuple[str, ...]
    guests: tuple[str, ...]
    packages: tuple[str, ...]


def row(*fields: object) -> str:
    """A line of the answer."""
    return "\t".join(map(str, fields))


def join_list(words: tuple[str, ...]) -> str:
    """A list as one field."""
    return ",".join(words) or "-"


@lru_cache(1024)
def _barred(text: str) -> tuple[str, ...]:
    return tuple(f"|{line}" for line in text.removesuffix("\n").split("\n") if text)


def raw_file(machine: Machine, path: str) -> Rows:
    """A whole file, every line with a bar before it."""
    yield row("path", path)
    file = machine.files.by_path.get(path)
    if file is None:
        yield row("state", "absent")
        return
    yield row("state", "present")
    yield row("sha256", file.sha256)
    yield row("mode", file.mode)
    yield row("written", machine.files.written.get(path, 0))
    yield row("owner", 0)
    yield from _barred(file.text)
    if file.text and not file.text.endswith("\n"):
        yield "nonl"

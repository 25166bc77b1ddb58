"""Which hosts and runs are looked at whole: small ones each time, the others each night."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Configuration:
    """Hosts, for each run those in its file, and the bits that its states need in the table."""

    hosts: str
    lists: tuple[str, ...]
    bits: int

    @property
    def name(self) -> str:
        return f"{self.hosts}: {' '.join(self.lists)}"


def _of(hosts: str, lists: str, bits: int = 21) -> Configuration:
    return Configuration(hosts, tuple(lists.split(",")), bits)


# Some seconds each, with a compiler.
EACH_TIME = (
    _of("a", "a,a,a"),
    _of("ab", "ab,ab"),
    _of("ab", "ab,a"),
    _of("ab", "ab,ab,ab"),
    _of("ab", "ab,ab,a"),
    _of("ab", "ab,a,a"),
    _of("ab", "ab,a,b"),
    _of("abc", "abc,abc"),
    _of("abc", "ab,bc"),
)
EACH_NIGHT = (
    _of("abc", "abc,ab"),
    _of("abc", "ab,ab"),
    _of("abc", "ab,c"),
    _of("abc", "abc,a"),
    _of("abc", "ab,a", 23),
    _of("abc", "abc,abc,abc", 23),
    _of("abc", "abc,abc,ab", 26),
    _of("abc", "ab,bc,ca", 26),
    _of("abc", "abc,ab,bc", 27),
    _of("abc", "abc,ab,ab", 27),
    _of("abc", "ab,ab,bc", 27),
)

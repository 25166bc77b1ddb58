"""A target: a parser of what others wrote, and what is true of every answer that it gives.

A parser answers with a value or with a refusal. Everything else is a finding: another
exception, a refusal without an end or with characters that a terminal obeys, an input that
takes too long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from time import process_time

from reconciler.reports.visible import visible

Change = Callable[[bytes, Random, Sequence[bytes]], bytes]

# Of a refusal: what a person still reads, and a log keeps without harm.
LONGEST_WORDS = 4000
# CPU seconds for one input, and its bytes: a host's or a file's answer that is unusually large.
SLOWEST, LARGE = 1.0, 64 * 1024


class Finding(AssertionError):
    """An answer that no parser may give."""


@dataclass(frozen=True, slots=True)
class Target:
    """One parser.

    ``parse`` raises one of ``answers`` to refuse. ``seeds`` are valid inputs, ``change`` makes
    others of them that pass the first checks, and ``words`` are of its grammar. ``door`` is a
    function that it calls, as MODULE:NAME: when that one fails, the target finds it.
    """

    name: str
    parse: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]
    change: Change
    door: str
    answers: tuple[type[Exception], ...] = ()
    words: tuple[str, ...] = ()
    longest: int = 8192


def examine(target: Target, data: bytes) -> None:
    """Give ``data`` to the parser. Raises Finding, or what escapes from the parser."""
    began = process_time()
    try:
        target.parse(data)
    except target.answers as refusal:
        check_words(str(refusal))
    if (took := process_time() - began) > SLOWEST and len(data) <= LARGE:
        raise Finding(f"{len(data)} bytes took {took:.1f} s")


def check_words(text: str, longest: int = LONGEST_WORDS) -> None:
    """A refusal has an end, and can be shown. Raises Finding."""
    if len(text) > longest:
        raise Finding(f"a refusal of {len(text)} characters: {text[:80]!r}")
    if not text.strip():
        raise Finding("a refusal without a word")
    check_shown(visible(text))


def check_shown(text: str) -> None:
    """Nothing in what is printed is obeyed by a terminal. Raises Finding."""
    odd = [c for c in text if not c.isprintable() and c not in "\n\t"]
    if odd:
        raise Finding(f"printed as it came: {odd[:5]!r}")


def check_same(what: str, first: object, second: object) -> None:
    """Written and read again it is the same. Raises Finding."""
    if first != second:
        raise Finding(f"{what}: {first!r:.300} became {second!r:.300}")

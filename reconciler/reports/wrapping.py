"""Lines of columns in a narrow terminal: they break where the last column stays readable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import wrap
from unicodedata import combining, east_asian_width

# The last column may become so narrow; below that it goes to a line of its own.
NARROWEST = 32
_COLUMN = re.compile(r"(?<=\S) {2,}(?=\S)")


def wrap_line(line: str, width: int) -> Iterator[str]:
    """``line`` in pieces of at most ``width`` columns, unless a word alone is longer.

    Columns are what two and more blanks stand between. What does not fit goes on below, where
    its column began; a last column without room for that stands alone, further left.
    """
    if display_width(line) <= width or display_width(line) != len(line):
        yield line  # it fits; or is not of one width a character: the terminal breaks it
        return
    starts = [match.end() for match in _COLUMN.finditer(line)]
    if not starts:
        yield from _words(line, len(line) - len(line.lstrip()) + 4, width)
    elif _has_room(line, starts[-1], width):
        yield from _words(line, starts[-1], width)
    else:
        places = [at for at in starts[:-1] if _has_room(line, at, width)]
        left = places[0] if places else len(line) - len(line.lstrip()) + 4
        yield from wrap_line(line[: starts[-1]].rstrip(), width)
        yield from _words(" " * left + line[starts[-1] :], left, width)


def _has_room(line: str, at: int, width: int) -> bool:
    """Whether the last column stays readable at ``at``, with no word of it broken by the edge."""
    last = [match.end() for match in _COLUMN.finditer(line)][-1]
    longest = max(map(len, line[last:].split()), default=0)
    return width - at >= max(NARROWEST, min(longest, width))


def _words(line: str, left: int, width: int) -> Iterator[str]:
    """Broken between words, what follows indented by ``left``."""
    head, rest = line[:left], line[left:]
    if left + NARROWEST > width:
        yield line
        return
    pieces = wrap(
        rest, width - left, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    for place, piece in enumerate(pieces or [""]):
        yield (head if place == 0 else " " * left) + piece


def display_width(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    return sum(
        0 if combining(c) else 2 if east_asian_width(c) in {"W", "F"} else 1 for c in text
    )

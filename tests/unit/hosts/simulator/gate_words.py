"""What the real gate may say when it refuses, read from its shell text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from reconciler.gate import parts

REFUSE = re.compile(r'\brefuse ([a-z][a-z-]*) (?:\\\n\s*)?"')
NAME = re.compile(r"\w+|[?#*@]")
CLOSING = {"{": "}", "(": ")"}


def is_word_of_the_gate(line: str) -> bool:
    """Whether a line ``gate: CODE: MESSAGE`` may be one of the real gate's refusals."""
    _gate, code, message = line.split(": ", 2)
    return any(re.fullmatch(pattern, message) for pattern in _patterns().get(code, ()))


@cache
def _patterns() -> dict[str, list[str]]:
    """By code the messages, with anything where the shell puts a value in."""
    found: dict[str, list[str]] = {}
    for part in parts().values():
        for match in REFUSE.finditer(part.text):
            pattern = "".join(_pieces(part.text, match.end()))
            found.setdefault(match[1], []).append(pattern)
    return found


def _pieces(text: str, at: int) -> Iterator[str]:
    """A string in double quotes, from behind the first of them, as a pattern."""
    while text[at] != '"':
        if text[at] != "$":
            yield re.escape(text[at])
            at += 1
            continue
        yield ".*"
        at = _after_value(text, at + 1)


def _after_value(text: str, at: int) -> int:
    """Where a value ends that is put in: ``$NAME``, ``${...}``, ``$(...)`` or ``$((...))``."""
    if text[at] not in CLOSING:
        name = NAME.match(text, at)
        assert name
        return name.end()
    opening, depth = text[at], 0
    while True:
        depth += (text[at] == opening) - (text[at] == CLOSING[opening])
        at += 1
        if depth == 0:
            return at

"""What a plain YAML scalar means: the core schema of YAML 1.2, and nothing more.

``no``, ``on`` and ``12:30`` are texts. Numbers that other readers take for octal or
hexadecimal are refused, since nobody can tell which was meant.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from reconciler.frozen import frozen

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_PADDED = re.compile(r"[-+]?0[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_REWRITE = "write a decimal number without leading zeros, or quote it"
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
# More digits than any number here can need.
_LONGEST = 18
_MOST_DIGITS = 100  # a whole number up to here is told its bounds; int() gives up at 4300


@frozen
class BadNumber:
    """Looks like a number, yet has no one meaning."""

    message: str
    hint: str


Core: TypeAlias = str | int | float | bool | BadNumber | None


def resolve(text: str) -> Core:
    """The value of the plain scalar ``text``."""
    if text in _WORDS:
        return _WORDS[text]
    whole = _INT.fullmatch(text)
    if len(text) > (_MOST_DIGITS if whole else _LONGEST) and _FLOAT.fullmatch(text):
        return BadNumber("the number is too long", "quote it if it is a text")
    if whole:
        return int(text)
    if _PADDED.fullmatch(text):
        return BadNumber(f"{text} is octal to some readers and decimal to others", _REWRITE)
    if _BASED.fullmatch(text):
        return BadNumber(f"{text} is not a decimal number", _REWRITE)
    return float(_spelled(text)) if _FLOAT.fullmatch(text) else text


def _spelled(text: str) -> str:
    """As Python writes it: ``.inf`` and ``.nan`` have no dot there."""
    return re.sub(r"(?i)\.(inf|nan)", r"\1", text)

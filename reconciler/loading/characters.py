"""Characters that may not stand in a desired-state file, or that only look like ours."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.model.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

# Line breaks are LF and CRLF only, so that every reader counts the same lines. The rest is
# what YAML 1.2 calls printable (c-printable), less its other line breaks; a tab is judged
# apart, a BOM may not stand anywhere.
_UNPRINTABLE = (
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_OUTSIDE = r"^(?:[^#\n{0}]|(?<=\S)#)*"  # of comments, up to what is looked for
# What looks like a blank, or like nothing: YAML takes them for letters.
_BLANKS = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_NOTHING = "\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
_STRANGE = re.compile(f"{_UNPRINTABLE}|[{_BLANKS}{_NOTHING}]")
# What stands for a dash or a colon in texts, and is none: where YAML would have its own.
_DASH = re.compile("^[ ]*([\u2010-\u2015\u2212\u2022\u2023\u2043\u00b7])[ ]", re.MULTILINE)
_COLON = re.compile("^[ -]*[A-Za-z_]+([\uff1a\ufe55\ua789])", re.MULTILINE)
_TAB = re.compile(_OUTSIDE.format(r"\t") + r"\t", re.MULTILINE)
_BOM = "\ufeff"
_MOST = 20  # a binary file has thousands
_NAMES = {
    "\x07": "BELL",
    "\x08": "BACKSPACE",
    "\x0b": "LINE TABULATION",
    "\x0c": "FORM FEED",
    "\r": "CARRIAGE RETURN",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
    "\x85": "NEXT LINE",
    _BOM: "BYTE ORDER MARK",
}
_BREAKS = "\r\x0b\x0c\x85\u2028\u2029"


def say_character(character: str) -> str:
    """What a character is called that an editor may not show, or shows like another one."""
    name = _NAMES.get(character) or unicodedata.name(character, "a control character")
    return f"U+{ord(character):04X} ({name})"


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Line and column of ``offset``, 1-based."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def character_problems(file: str, text: str) -> Iterator[Problem]:
    """What stands in ``text``, whose line ends are LF, that YAML reads as something else."""
    for match in islice(_found(text), _MOST):
        yield _strange(file, text, match)
    for match in islice(_TAB.finditer(text), _MOST):
        yield _tab(file, text, match.end() - 1)
    for pattern, meant in ((_DASH, "-"), (_COLON, ":")):
        for match in islice(pattern.finditer(text), _MOST):
            message = f"'{match[1]}' is {say_character(match[1])}"
            yield _problem(file, text, match.start(1), message, f"write '{meant}' in its place")


def plain(text: str) -> str:
    """``text`` with a blank, or what was meant, for each that ``character_problems`` tells."""
    dashed = _DASH.sub(lambda match: match[0].replace(match[1], "-"), text)
    colons = _COLON.sub(lambda match: match[0].replace(match[1], ":"), dashed)
    return _STRANGE.sub(lambda m: "" if _is_nothing(m[0]) else " ", colons).replace("\t", " ")


def _found(text: str) -> Iterator[re.Match[str]]:
    """What is strange, once a line; in a comment only what no YAML may have."""
    told = set()
    for match in _STRANGE.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        commented = re.search(r"(?:^|\s)#", text[start : match.start()])
        if (start, match[0]) not in told and (
            not commented or re.match(_UNPRINTABLE, match[0])
        ):
            told.add((start, match[0]))
            yield match


def _is_nothing(character: str) -> bool:
    return character == _BOM or re.match(f"[{_NOTHING}]", character) is not None


def _strange(file: str, text: str, match: re.Match[str]) -> Problem:
    character, offset = match[0], match.start()
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    message = f"{say_character(character)} stands here"
    hint = "remove it"
    if character in _BREAKS:
        hint = "end the line in its place, or remove it"
    elif re.match(f"[{_BLANKS}]", character):
        message += ", which is no space to YAML"
        hint = "type a plain space in its place" if line.strip() else "indent by plain spaces"
    elif _is_nothing(character):
        message += ", which no editor shows"
        hint = "remove it, or type the text anew"
    return _problem(file, text, offset, message, hint)


def _problem(file: str, text: str, offset: int, message: str, hint: str) -> Problem:
    return Problem(file, *place_of(text, offset), "control-character", message, hint)


def _tab(file: str, text: str, offset: int) -> Problem:
    message = "a tab stands here; YAML wants spaces"
    line, column = place_of(text, offset)
    before = text[offset - column + 1 : offset]
    hint = "write a space in its place" if before.strip() else "indent by two spaces a level"
    return Problem(file, line, column, "tab", message, hint)

"""What was probably meant on a line that is no YAML, from how it is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from reconciler.loading.host_hints import range_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY = r"[A-Za-z_][A-Za-z0-9_]*"
_ENTRY = re.compile(rf"( *)(- +)?({_KEY}):(?: |$)")
_BRACES = re.compile(r"[\[,:] *[^\[\]{},'\"]*\{[a-z_]+\}")


def line_hint(lines: Sequence[str], number: int) -> tuple[int, str] | None:
    """The line, 1-based, and what to write there, for a fault that a parser found at ``number``."""
    for line in (number, number - 1):
        source = lines[line - 1] if 0 < line <= len(lines) else ""
        if hint := _of_line(source):
            return line, hint
    here = lines[number - 1] if 0 < number <= len(lines) else ""
    hint = _indentation(lines[: number - 1], here)
    return (number, hint) if hint else None


# How a line is written -> what to write; {0} and {1} are what the pattern holds.
_LINES = (
    (re.compile(r"(?://|/\*|;|--(?=[ A-Za-z])).*"), "begin a comment with '#'"),
    (re.compile(rf"-({_KEY}:.*)"), "write '- {0}', with a space after the dash"),
    (re.compile(rf"((?:- )?{_KEY}) *= *(\S.*)"), "write '{0}: {1}'"),
    (
        re.compile(rf"((?:- )?{_KEY}):([^\s:/].*)"),
        "write '{0}: {1}', with a space after the colon",
    ),
    (
        re.compile(rf"(?:- )?{_KEY}: +[^\s{{\[\"'][^:#]*? ({_KEY}: .*)"),
        "write '{0}' on a line of its own",
    ),
)


def _of_line(source: str) -> str:
    text = source.strip()
    for pattern, hint in _LINES:
        if match := pattern.fullmatch(text):
            return hint.format(*match.groups())
    in_braces = re.search(r"\{[^}]*?: *([A-Za-z0-9-]+[\[{][^,}]*)", text)
    if in_braces and range_hint(in_braces[1]):
        return range_hint(in_braces[1])
    quoted = _BRACES.search(text)
    return "put words with braces in quotes, as '{guest}'" if quoted else ""


def _indentation(above: Sequence[str], here: str) -> str:
    """By how many spaces to indent an entry that lines up with nothing above it."""
    own = _ENTRY.match(here)
    if not own or (own[3] and here.strip().startswith("#")):
        return ""
    places: list[int] = []
    for line in above:
        if match := _ENTRY.match(line):
            column = len(match[1]) + len(match[2] or "")
            places = [place for place in places if place < column]
            places += [len(match[1])] if match[2] and len(match[1]) not in places else []
            places.append(column)
    wanted = [place for place in places if place != len(own[1])]
    if not wanted or len(own[1]) in places:
        return ""
    near = sorted(sorted(wanted, key=lambda place: abs(place - len(own[1])))[:2])
    spaces = " or ".join(map(str, near))
    return f"indent '{own[3]}' by {spaces} spaces, as what it belongs to above"


def open_bracket(text: str) -> tuple[str, int, int] | None:
    """The last bracket that is open where ``text`` can no longer be read; with line and column."""
    opened: list[tuple[str, int, int]] = []
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            mark = token.start_mark
            if isinstance(token, yaml.FlowSequenceStartToken):
                opened.append(("[", mark.line + 1, mark.column + 1))
            elif isinstance(token, yaml.FlowMappingStartToken):
                opened.append(("{", mark.line + 1, mark.column + 1))
            elif opened and isinstance(
                token, (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
            ):
                opened.pop()
    except yaml.YAMLError:
        pass  # what could be read is enough
    return opened[-1] if opened else None

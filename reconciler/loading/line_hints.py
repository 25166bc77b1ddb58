"""What was probably meant on a line that is no YAML, from how it is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from reconciler.loading.host_hints import range_hint
from reconciler.loading.masking import mask_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.loading.nodes import Mark

_KEY = r"[A-Za-z_][A-Za-z0-9_]*"
_VOLUME_KEYS = frozenset({"device", "size", "mount", "slots", "format", "labelled"})
_ENTRY = re.compile(rf"( *)(- +)?({_KEY}):(?: |$)")
_LONGEST_ITEM = 1000  # a line that nobody wrote is not looked at, over and over
_BRACES = re.compile(r"[\[,:] *[^\[\]{},'\"]*\{[a-z_]+\}")


def line_hint(lines: Sequence[str], number: int) -> tuple[int, str] | None:
    """The line, 1-based, and what to write there, for a fault that a parser found at ``number``."""
    if found := _item_with_keys(lines, number):
        return found
    for line in (number, number - 1):
        source = lines[line - 1] if 0 < line <= len(lines) else ""
        if hint := _of_line(source):
            return line, hint
    return _indentation(lines, number)


_ITEM = re.compile(r"( *)- ([A-Za-z0-9][A-Za-z0-9.-]*)")  # an item that is a word alone


def _item_with_keys(lines: Sequence[str], number: int) -> tuple[int, str] | None:
    """The dash of an item that has a name alone and keys below it: ``- node03``."""
    above = lines[number - 2] if 1 < number <= len(lines) else ""
    item, entry = _ITEM.fullmatch(above.rstrip()), _ENTRY.match(lines[number - 1])
    if not item or not entry or len(entry[1]) <= len(item[1]):
        return None
    key = "label" if entry[3] in _VOLUME_KEYS else "name"
    return number - 1, f"write '- {key}: {item[2]}', and '{entry[3]}' below '{key}'"


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


def _indentation(lines: Sequence[str], number: int) -> tuple[int, str] | None:
    """The line, and by how many spaces to indent what stands on it."""
    own = _ENTRY.match(lines[number - 1]) if 0 < number <= len(lines) else None
    if not own:
        return None
    if found := _lifted(lines, number, len(own[1])):
        return found
    dashes, keys = _columns(lines[: number - 1])
    places = dashes if own[2] and dashes else keys
    wanted = [column for column in places if column != len(own[1])]
    if not wanted or len(own[1]) in places:
        return None
    from reconciler.loading.hints import are_siblings  # noqa: PLC0415  # only when something is wrong

    akin = [column for column in wanted if are_siblings(own[3], places[column])]
    nearest = min(abs(column - len(own[1])) for column in akin or wanted)
    near = sorted(c for c in akin or wanted if abs(c - len(own[1])) == nearest)
    spaces = " or ".join(map(str, near))
    entry = f"{'- ' if own[2] else ''}{own[3]}"
    return number, f"indent '{entry}' by {spaces} spaces, as what it belongs to above"


def _columns(above: Sequence[str]) -> tuple[dict[int, str], dict[int, str]]:
    """Where an item and where a key may begin after the lines ``above``: column -> the key there."""
    dashes: dict[int, str] = {}
    keys: dict[int, str] = {}
    for line in above:
        if match := _ENTRY.match(line):
            start, column = len(match[1]), len(match[1]) + len(match[2] or "")
            dashes = {at: key for at, key in dashes.items() if at < start}
            keys = {at: key for at, key in keys.items() if at < column}
            keys[column] = match[3]
            dashes |= {start: match[3]} if match[2] else {}
    return dashes, keys


def _lifted(lines: Sequence[str], number: int, column: int) -> tuple[int, str] | None:
    """The line above that belongs below the open key before it, as this one does."""
    entries = [(at, match) for at in range(number - 1) if (match := _ENTRY.match(lines[at]))]
    if len(entries) < 2:
        return None
    (_, home), (at, lifted) = entries[-2:]
    is_open = home.string.rstrip().endswith(":") and not lifted[2]
    start = len(home[1]) + len(home[2] or "")
    if not is_open or len(lifted[1]) != start or column <= start:
        return None
    return at + 1, f"indent '{lifted[3]}' by {column} spaces, below '{home[3]}'"


def undashed_hint(lines: Sequence[str], mark: Mark, first: int) -> str:
    """What to write where an item lacks its dash, so that its keys are the last one's again."""
    here, there = lines[mark.line - 1], lines[first - 1]
    if mark.line == first or max(len(here), len(there)) > _LONGEST_ITEM:
        return ""
    begins = there.lstrip().startswith("- ") and not here[: mark.column - 1].strip()
    said = f"write '- {mask_text(here.strip())}' where another item begins"
    return f"{said}; the first is on line {first}" if begins else ""


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

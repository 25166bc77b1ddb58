"""What the YAML parsers complain about, in an operator's words.

libyaml and PyYAML's own scanner find the same faults at the same places but phrase them
differently; whichever is installed, the file's problem reads the same.
"""

from __future__ import annotations

from typing import NamedTuple

import yaml

from reconciler.loading.line_hints import line_hint, open_bracket
from reconciler.loading.masking import mask_lines
from reconciler.loading.value_hints import variable_hint
from reconciler.model.problems import Problem


class _Fault(NamedTuple):
    """A fault whose text holds one of ``phrases``, best shown where it begins or ends."""

    phrases: tuple[str, ...]
    message: str
    hint: str
    at_start: bool = False


_FAULTS = (
    _Fault(
        ("mapping values are not allowed",),
        "a colon is not expected here",
        "quote the text, or check the line above: a key needs a space after its colon",
    ),
    _Fault(
        ("sequence entries are not allowed",),
        "a list cannot start on this line",
        "put each '- item' on a line of its own below the key",
    ),
    _Fault(
        ("unexpected end of stream",),
        "the quote that opens here is never closed",
        "close it on the same line",
        at_start=True,
    ),
    _Fault(
        ("',' or ']'",),
        "the list that opens here is not closed by ']'",
        "separate its items by commas and close it",
        at_start=True,
    ),
    _Fault(
        ("',' or '}'",),
        "the mapping that opens here is not closed by '}'",
        "separate its entries by commas and close it",
        at_start=True,
    ),
    _Fault(
        ("could not find expected ':'",),
        "this is neither a value nor a key with a colon",
        "write 'key: value', with a space after the colon",
        at_start=True,
    ),
    _Fault(
        ("cannot start any token",),
        "a plain value cannot start with this character",
        "put the value in quotes",
    ),
    _Fault(
        ("unknown escape character",),
        "this escape is not known in double quotes",
        "use single quotes, or write the backslash twice",
        at_start=True,
    ),
    _Fault(
        ("did not find expected key", "expected <block end>", "'-' indicator"),
        "this does not line up with what stands above",
        "check the indentation, and quotes that end too early",
    ),
    _Fault(
        ("document start>",),
        "the file has ended above this line",
        "check the indentation, and remove any '...' line",
    ),
    _Fault(
        ("node content",),
        "a value is expected here",
        "remove the stray bracket or comma",
    ),
    _Fault(
        ("alphabetic or numeric character",),
        "a plain value cannot start with & or *",
        "put the value in quotes",
        at_start=True,
    ),
)
_OTHER = _Fault((), "this is not valid YAML", "check quotes, brackets and indentation")


def syntax_problem(file: str, text: str, error: yaml.YAMLError) -> Problem:
    """The problem that ``error`` stands for."""
    said = str(getattr(error, "problem", ""))
    fault = next((f for f in _FAULTS if any(p in said for p in f.phrases)), _OTHER)
    start, end = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
    mark = (start or end) if fault.at_start else (end or start)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.split("\n")
    if "node content" in said and (found := open_bracket(text)):
        bracket, line, column = found
        closing = "]" if bracket == "[" else "}"
        message = f"the '{bracket}' that opens here is not closed"
        return _problem(file, (line, column), message, f"close it by '{closing}'")
    source = lines[line - 1] if line <= len(lines) else ""
    if hint := variable_hint(source):
        return _problem(file, (line, column), fault.message, hint)
    if meant := line_hint(mask_lines(tuple(lines)), line):
        column = (
            column
            if meant[0] == line
            else len(lines[meant[0] - 1]) - len(lines[meant[0] - 1].lstrip()) + 1
        )
        return _problem(file, (meant[0], column), fault.message, meant[1])
    return _problem(file, (line, column), fault.message, fault.hint)


def _problem(file: str, place: tuple[int, int], message: str, hint: str) -> Problem:
    return Problem(file, *place, "yaml-syntax", message, hint)

"""What the YAML parsers complain about, in an operator's words.

libyaml and PyYAML's own scanner find the same faults at the same places but phrase them
differently; whichever is installed, the file's problem reads the same.
"""

from __future__ import annotations

from typing import NamedTuple

import yaml

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
    source = lines[line - 1] if line <= len(lines) else ""
    hint = variable_hint(source) or fault.hint
    return Problem(file, line, column, "yaml-syntax", fault.message, hint)

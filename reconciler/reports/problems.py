"""The problems of desired-state files: as text with carets, JSON, SARIF and JUnit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from reconciler.reports.visible import visible
from reconciler.reports.wrapping import wrap_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.problems import Problem
    from reconciler.reports.junit import Case, Suite
    from reconciler.reports.sarif import Result

_WIDEST = 160
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")
_PLAIN = re.compile(r"(?:[^\s,:{}\[\]#]|:(?=\S)| +(?=[^\s,:{}\[\]#]))+")


def render(problems: Iterable[Problem], lines: Sequence[str], width: int = 0) -> str:
    """One line a problem, then the source line, a caret below the culprit, and a hint.

    ``lines`` are the file's, as in ``SpecInvalid``; without them only the words are shown.
    With a ``width``, that of a terminal, no line is longer where a word alone is not.
    """
    return "\n".join(part for problem in problems for part in _parts(problem, lines, width))


def as_json(problems: Iterable[Problem]) -> dict[str, Any]:
    """The published shape: ``format_version`` and ``problems``."""
    keys = ("code", "file", "line", "column", "message", "hint")
    return {
        "format_version": "1",
        "problems": [{key: getattr(problem, key) for key in keys} for problem in problems],
    }


def as_sarif(problems: Iterable[Problem]) -> str:
    """A SARIF 2.1.0 log, as code hosts show it beside the lines of a change."""
    from reconciler.reports import sarif  # noqa: PLC0415  # most forms do without

    return sarif.render(sarif_results(problems))


def sarif_results(problems: Iterable[Problem]) -> list[Result]:
    """The results alone, to be put beside others."""
    from reconciler.reports.sarif import Result  # noqa: PLC0415  # as above

    return [Result(p.code, "error", _sentence(p), p.file, (p.line, p.column)) for p in problems]


def as_junit(files: Sequence[str], problems: Iterable[Problem]) -> str:
    """A JUnit report: a suite a file, a failure a problem, one passed case for a valid file."""
    from reconciler.reports import junit  # noqa: PLC0415  # as above

    return junit.render(junit_suites(files, problems))


def junit_suites(files: Sequence[str], problems: Iterable[Problem]) -> list[Suite]:
    """The suites alone, to be put beside others."""
    from reconciler.reports.junit import Suite  # noqa: PLC0415  # as above

    listed = list(problems)
    found = {file: [problem for problem in listed if problem.file == file] for file in files}
    return [Suite(file, _cases(mine)) for file, mine in found.items()]


def headline(problem: Problem) -> str:
    """``FILE:LINE:COL: error[CODE]: message``."""
    where = f"{problem.file}:{problem.line}:{problem.column}"
    return f"{where}: error[{problem.code}]: {problem.message}"


def _parts(problem: Problem, lines: Sequence[str], width: int) -> list[str]:
    parts = _wrapped(headline(problem), width)
    if problem.line <= len(lines):
        parts += _caret(lines[problem.line - 1], problem.column, width or _WIDEST)
    return [*parts, *_wrapped(f"hint: {problem.hint}", width)] if problem.hint else parts


def _wrapped(line: str, width: int) -> list[str]:
    return list(wrap_line(line, width)) if width else [line]


def _caret(line: str, column: int, widest: int) -> list[str]:
    """The line, cut around ``column`` if it is long, and the caret below it."""
    start = max(0, column - 1 - widest // 2) if len(line) > widest else 0
    before, rest = _clean(line[start : column - 1]), _clean(line[column - 1 : start + widest])
    blank = "".join("\t" if c == "\t" else " " * _width(c) for c in before)
    culprit = _QUOTED.match(rest) or _PLAIN.match(rest)
    length = sum(map(_width, culprit[0])) if culprit else 1
    return [before + rest, blank + "^" + "~" * (length - 1)]


def _clean(text: str) -> str:
    """``text`` without anything that a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)


def _width(character: str) -> int:
    return 2 if east_asian_width(character) in {"W", "F"} else 1


def _cases(problems: Sequence[Problem]) -> tuple[Case, ...]:
    from reconciler.reports.junit import Case  # noqa: PLC0415  # as above

    if not problems:
        return (Case("valid"),)
    return tuple(
        Case(
            f"{problem.code} at {problem.line}:{problem.column}",
            f"{_sentence(problem)}\n{headline(problem)}",
            problem.code,
        )
        for problem in problems
    )


def _sentence(problem: Problem) -> str:
    words = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
    return visible(words)

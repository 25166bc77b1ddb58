"""A file's text against everything that is known about it, all problems at once."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from pydantic import ValidationError

from reconciler.errors import SpecInvalid
from reconciler.loading.building import Builder, stand_in
from reconciler.loading.composing import compose
from reconciler.loading.nodes import Path, Scalar, value_mark
from reconciler.loading.semantics import findings
from reconciler.loading.shapes import reshape
from reconciler.loading.source import MAX_BYTES, read_text, readable, split_lines, text_problems
from reconciler.model.desired import Desired
from reconciler.model.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic_core import ErrorDetails

    from reconciler.loading.nodes import Node
    from reconciler.loading.semantics import Finding

_EMPTY = ("the file is empty", "begin it with 'version: 1'; reconcile init writes a first one")
_NOTHING = frozenset({"", "~", "null"})
_MOST_PROBLEMS = 500
_WORDS = frozenset({"options", "services"})  # lists whose items say nothing of each other
_Refused: TypeAlias = "dict[Path, ErrorDetails]"


def read(path: str) -> Desired:
    """The desired state in the file at ``path``; SpecInvalid, or UsageError without a file."""
    return load(path, read_text(path))


def load(path: str, text: str) -> Desired:
    """The desired state in ``text``; SpecInvalid with every problem, in the order of lines.

    ``path`` is only what the problems call the file.
    """
    desired, problems = _examine(path, text)
    if problems or desired is None:
        from reconciler.loading.masking import mask_lines, mask_problems  # noqa: PLC0415  # only of a file with a problem

        # Of what is too large to be read nothing is shown either.
        lines = split_lines(text) if len(text) <= MAX_BYTES else ()
        raise SpecInvalid(
            path, mask_lines(lines), mask_problems(list_problems(problems), lines)
        )
    return desired


def _examine(file: str, text: str) -> tuple[Desired | None, list[Problem]]:
    if strange := text_problems(file, text):
        return None, [*strange, *_behind(file, text, strange)]
    root, problems = compose(file, text)
    if root is None or (isinstance(root, Scalar) and root.text in _NOTHING):
        return None, problems or [Problem(file, 1, 1, "empty-file", *_EMPTY)]
    root, misshapen = reshape(file, root)
    problems += misshapen
    first = Builder(file)
    desired = _attempt(first, root)
    problems += first.problems
    if isinstance(desired, Desired):
        return desired, [*problems, *_meanings(file, root, desired, first)]
    problems += _refusals(file, root, desired, first)
    rest = _sound_part(file, root, desired)
    return None, [*problems, *(_meanings(file, root, *rest) if rest else ())]


def _behind(file: str, text: str, strange: list[Problem]) -> Iterator[Problem]:
    """What else is wrong, unless it may come of what is strange in the text."""
    if rest := readable(file, text):
        _desired, problems = _examine(file, rest)
        lines = {problem.line for problem in strange}
        if not any(problem.code == "yaml-syntax" for problem in problems):
            yield from (problem for problem in problems if problem.line not in lines)


def _attempt(builder: Builder, root: Node) -> Desired | _Refused:
    """The desired state, or what the model refuses, by its path in the file."""
    values = builder.build(root)
    try:
        return Desired.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        refused = {builder.original(found["loc"]): found for found in details}
    # A list whose items are refused is called too short as well.
    above = _above(refused)
    return {p: e for p, e in refused.items() if e["type"] != "too_short" or p not in above}


def _above(paths: Iterable[Path]) -> set[Path]:
    """Everything that holds something of ``paths``."""
    return {path[:i] for path in paths for i in range(len(path))}


def _refusals(file: str, root: Node, refused: _Refused, built: Builder) -> Iterator[Problem]:
    """A problem for each refusal that does not merely follow from another."""
    from reconciler.loading import hints, wording  # noqa: PLC0415  # only of a file with a problem

    unknown = (path for path, error in refused.items() if error["type"] == "extra_forbidden")
    follows = {
        "missing": {(*path[:-1], hints.meant_key(path)) for path in unknown},  # it is misspelt
        "too_short": _above(built.broken),
    }
    unfinished = _above(built.unread)
    for path, error in refused.items():
        home = path[:-1] if error["type"] == "missing" else path
        if path not in built.broken | follows.get(error["type"], set()) | unfinished and (
            home not in unfinished
        ):
            yield wording.problem(file, root, path, error)


def _sound_part(file: str, root: Node, refused: _Refused) -> tuple[Desired, Builder] | None:
    """What is left, if anything, when all that the model refuses is left out.

    This way the meaning of the sound parts is checked in the same run. Leaving out a required
    value makes the model refuse what is around it, hence the loop, a step outwards each time.
    """
    skip: frozenset[Path] = frozenset()
    while True:
        lost = {_lost(path, error) for path, error in refused.items()}
        if () in lost or lost <= skip:  # nothing is left, or nothing more can be left out
            return None
        skip |= lost
        builder = Builder(file, skip)
        found = _attempt(builder, root)
        if isinstance(found, Desired):
            return found, builder
        refused = found


def _lost(path: Path, error: ErrorDetails) -> Path:
    """What to leave out: the value, or what cannot be without it."""
    return path[:-1] if error["type"] == "missing" and stand_in(path) is None else path


def _meanings(file: str, root: Node, desired: Desired, builder: Builder) -> Iterator[Problem]:
    """The semantic problems, less those that may only come from what was left out.

    Those are about a mapping or list that lost a part, about the part itself, or, where nothing
    stands in for it, about its neighbours.
    """
    lost = builder.skip | builder.broken
    homes = {path[:-1] for path in lost if stand_in(path) is None and not _is_word(path)}
    above = lost | _above(lost)
    for finding in findings(desired):
        path = builder.original(finding.path)
        if path not in above and path[:-1] not in homes:
            yield _located(file, root, replace(finding, path=path))


def _is_word(path: Path) -> bool:
    """Whether what is there means the same whatever stands beside it."""
    return len(path) > 1 and isinstance(path[-1], int) and path[-2] in _WORDS


def _located(file: str, root: Node, finding: Finding) -> Problem:
    mark = value_mark(root, finding.path)
    words = (finding.code, finding.message, finding.hint)
    return Problem(file, mark.line, mark.column, *words)


def list_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Sorted, each once, and no more than anyone reads."""
    listed = sorted(set(problems), key=attrgetter("line", "column", "code", "message"))
    if len(listed) <= _MOST_PROBLEMS:
        return listed
    last = listed[_MOST_PROBLEMS]
    message = f"{len(listed) - _MOST_PROBLEMS} more problems are not shown"
    return [
        *listed[:_MOST_PROBLEMS],
        Problem(last.file, last.line, last.column, "more", message, "mend those above first"),
    ]

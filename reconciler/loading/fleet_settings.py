"""From the text of a fleet's settings to ``Fleet``, or to every problem that it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from reconciler.errors import SpecInvalid
from reconciler.loading.building import Builder
from reconciler.loading.characters import character_problems
from reconciler.loading.checking import list_problems
from reconciler.loading.composing import compose
from reconciler.loading.hints import nearest
from reconciler.loading.masking import mask_lines, mask_problems
from reconciler.loading.nodes import Path, Scalar, value_mark
from reconciler.loading.source import read_text, split_lines
from reconciler.loading.wording import problem
from reconciler.model.fleet import Fleet
from reconciler.model.problems import Problem

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from reconciler.loading.nodes import Node

_MANUAL = "reconcile manual fleet has every key with an example"
_EMPTY = ("the file is empty", "begin it with 'version: 1'; " + _MANUAL)
_MISSING = (
    "name it with --fleet FILE; examples/fleet/fleet.yaml is one to begin with, "
    "and reconcile manual fleet has every key"
)
_NOTHING = frozenset({"", "~", "null"})
_ONE_SOURCE = "name one of the two: 'git: ssh://HOST/PATH', or 'directory: PATH'"
# What means something of a git repository alone.
_OF_GIT = ("ref", "path", "signed_by")


def read_fleet(path: str) -> Fleet:
    """The settings in the file at ``path``; SpecInvalid, or UsageError without a file."""
    return load_fleet(path, read_text(path, _MISSING))


def load_fleet(path: str, text: str) -> Fleet:
    """The settings in ``text``; SpecInvalid with every problem, in the order of lines."""
    problems = list(character_problems(path, text.replace("\r\n", "\n")))
    root, more = (None, []) if problems else compose(path, text)
    problems += more
    if root is None or (isinstance(root, Scalar) and root.text in _NOTHING):
        problems = problems or [Problem(path, 1, 1, "empty-file", *_EMPTY)]
    else:
        builder = Builder(path)
        fleet = _attempt(path, root, builder)
        problems += builder.problems
        if isinstance(fleet, Fleet):
            problems += _meanings(path, root, fleet)
            if not problems:
                return fleet
        else:
            problems += fleet
    lines = split_lines(text)
    listed = list_problems(mask_problems(problems, lines))
    raise SpecInvalid(path, mask_lines(lines), listed)


def _attempt(path: str, root: Node, builder: Builder) -> Fleet | list[Problem]:
    values = builder.build(root)
    try:
        return Fleet.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False)
    refused = {builder.original(found["loc"]): found for found in details}
    # A list whose items are refused, or are broken, is called too short as well.
    places = (*refused, *builder.broken)
    full = {place[:end] for place in places for end in range(len(place))}
    return [
        _told(path, root, place, found)
        for place, found in refused.items()
        if place not in builder.broken and (found["type"] != "too_short" or place not in full)
    ]


def _told(path: str, root: Node, place: Path, error: ErrorDetails) -> Problem:
    """As of a desired-state file, with a hint from the keys of this format."""
    told = problem(path, root, place, error)
    words = (told.code, told.message, _hint(place, error["type"]))
    return Problem(path, told.line, told.column, *words)


def _hint(place: Path, kind: str) -> str:
    keys = [part for part in place if isinstance(part, str)]
    fields: Any = Fleet.model_fields
    for key in keys[:-1]:
        fields = _fields_of(fields[key].annotation) if key in fields else {}
    if kind == "extra_forbidden":
        meant = nearest(keys[-1], fields)
        return f"did you mean '{meant}'?" if meant else f"known here: {', '.join(fields)}"
    if keys and (found := fields.get(keys[-1])):
        return f"{found.description}  ({_MANUAL})"
    return _MANUAL


def _fields_of(annotation: Any) -> Any:
    """The fields of the model that a type speaks of, through lists and options."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.model_fields
    inner = (_fields_of(argument) for argument in get_args(annotation))
    return next((fields for fields in inner if fields), {})


def _meanings(path: str, root: Node, fleet: Fleet) -> Iterator[Problem]:
    """What the values may not be to one another."""
    source = fleet.source
    if (source.git is None) == (source.directory is None):
        words = "both 'git' and 'directory'" if source.git else "no 'git' or 'directory'"
        yield _at(path, root, ("source",), f"'source' has {words}", _ONE_SOURCE)
    elif source.directory is not None:
        for key in sorted(source.model_fields_set.intersection(_OF_GIT)):
            message = f"'{key}' is of a git repository, and 'source' names a directory"
            yield _at(path, root, ("source", key), message, "remove it")
    names = [zone.name for zone in fleet.zones]
    for i, name in enumerate(names):
        if name in names[:i]:
            place = ("zones", i, "name")
            yield _at(path, root, place, f"a zone '{name}' stands above", "remove one")


def _at(path: str, root: Node, place: Path, message: str, hint: str) -> Problem:
    mark = value_mark(root, place)
    return Problem(path, mark.line, mark.column, "bad-value", message, hint)

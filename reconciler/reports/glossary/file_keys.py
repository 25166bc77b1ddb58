"""The keys of the desired-state file, as the manual's page has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from reconciler.frozen import frozen
from reconciler.model.schema import cluster_schema
from reconciler.reports.manual import manual_page

_ROW = re.compile(r"\|(`(?P<key>[a-z_.\[\]]+)`)\|(?P<rest>.*)\|")
_SHARED = re.compile(r"(clusters\.)?members\.ssh\.")
_VALUES = re.compile(r"\|`(?P<key>[a-z_]+)`\|The host is\|A change to it\|")
COLUMNS = 5  # type, default, example, change, what it is


@frozen
class Key:
    """A key of the file; ``path`` is as the manual writes it, with [] behind a list."""

    path: str
    type: str
    default: str
    example: str
    change: str
    note: str

    @property
    def name(self) -> str:
        """The path as people type it: ``clusters.volumes.size``."""
        return self.path.replace("[]", "")

    @property
    def values(self) -> tuple[tuple[str, str], ...]:
        """Its values with what each means, where the manual has a table of them."""
        return _values().get(self.name.rpartition(".")[2], ())

    @property
    def meaning(self) -> str:
        """What the schema says of it."""
        return _described().get(self.name, "")


@cache
def keys() -> tuple[Key, ...]:
    """Every key, in the order of the manual; tested to be all."""
    return tuple(_rows())


def _rows() -> Iterator[Key]:
    for line in manual_page("file").splitlines():
        match = _ROW.fullmatch(line)
        cells = match["rest"].split("|") if match else []
        if match and len(cells) == COLUMNS:
            yield Key(match["key"], *(cell.strip() for cell in cells))


@cache
def _values() -> dict[str, tuple[tuple[str, str], ...]]:
    """By a key's last word the rows of the table that begins with it."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    key = ""
    for line in manual_page("file").splitlines():
        head = _VALUES.fullmatch(line)
        if head:
            key, found[head["key"]] = head["key"], ()
        elif not line.startswith("|"):
            key = ""
        elif key and not line.startswith("|-"):
            value, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            words = ". Change to it: ".join(cell.replace("`", "") for cell in cells)
            found[key] = (*found[key], (value.strip("`"), words))
    return found


def find_keys(word: str) -> tuple[Key, ...]:
    """The keys that a word names: whole, or by its end, as ``volumes.size`` or ``size``."""
    sought = _SHARED.sub("ssh.", word.replace("[]", "").strip("."))
    exact = tuple(key for key in keys() if key.name == sought)
    return exact or tuple(key for key in keys() if key.name.endswith(f".{sought}"))


def below(key: Key) -> tuple[str, ...]:
    """The names of the keys of a mapping, or of the items of a list."""
    start = f"{key.name}."
    own = [k.name.removeprefix(start) for k in keys() if k.name.startswith(start)]
    return tuple(name for name in own if "." not in name)


@cache
def _described() -> dict[str, str]:
    """By key the description of the schema."""
    schema = cluster_schema()
    return dict(_descriptions(schema, schema["$defs"], ""))


def _descriptions(
    node: object, defs: dict[str, object], place: str
) -> Iterator[tuple[str, str]]:
    if not isinstance(node, dict):
        return
    if reference := node.get("$ref"):
        yield from _descriptions(defs[str(reference).rpartition("/")[2]], defs, place)
    for key, found in node.get("properties", {}).items():
        here = f"{place}{key}"
        if "description" in found:
            yield here, str(found["description"])
        yield from _descriptions(found, defs, f"{here}.")
    for inner in (node.get("items"), *node.get("anyOf", ()), *node.get("allOf", ())):
        yield from _descriptions(inner, defs, place)

"""The tree of a YAML file: values as they are written, each with its place."""

from __future__ import annotations

from dataclasses import field
from typing import TypeAlias

from reconciler.frozen import frozen

Path: TypeAlias = tuple[str | int, ...]

# What a mapping would have had after the place where its text could no longer be read; no key
# of a file has a NUL in it.
REST = "\0"


@frozen
class Mark:
    """A place in the file; line and column are 1-based."""

    line: int
    column: int


@frozen
class Scalar:
    """A single value; ``plain`` when it stands without quotes."""

    mark: Mark
    text: str
    plain: bool


@frozen
class Sequence:
    """A list."""

    mark: Mark
    items: tuple[Node, ...]


@frozen
class Entry:
    """A value of a mapping, and where its key stands."""

    key: Mark
    node: Node


@frozen
class Mapping:
    """A mapping with unique keys."""

    mark: Mark
    entries: dict[str, Entry] = field(default_factory=dict)


@frozen
class Broken:
    """A value that cannot be used; why has been reported already.

    ``unread``: it stands where the text could no longer be read.
    """

    mark: Mark
    unread: bool = False


Node: TypeAlias = Scalar | Sequence | Mapping | Broken


def step(node: Node, part: str | int) -> Entry | None:
    """What ``part`` leads to from ``node``: a key's entry, or an item with its own mark."""
    if isinstance(node, Mapping) and isinstance(part, str):
        return node.entries.get(part)
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
        return Entry(node.items[part].mark, node.items[part])
    return None


def _entry(root: Node, path: Path) -> tuple[Entry, bool]:
    """The entry at ``path``, else the nearest one above it; and whether it is the very one."""
    entry = Entry(root.mark, root)
    for part in path:
        below = step(entry.node, part)
        if below is None:
            return entry, False
        entry = below
    return entry, True


def key_mark(root: Node, path: Path) -> Mark:
    """Where the key at ``path`` stands, or of the nearest one above it that the file has."""
    return _entry(root, path)[0].key


def value_mark(root: Node, path: Path) -> Mark:
    """Where the value at ``path`` stands; its key's place if it is no scalar or missing."""
    entry, found = _entry(root, path)
    if found and isinstance(entry.node, Scalar) and (entry.node.text or not entry.node.plain):
        return entry.node.mark
    return entry.key


def node_at(root: Node, path: Path) -> Node | None:
    """The value at ``path``, None if the file has none there."""
    entry, found = _entry(root, path)
    return entry.node if found else None


def text_at(root: Node, path: Path) -> str | None:
    """The text of the scalar at ``path`` as it is written, None if there is no such scalar."""
    entry, found = _entry(root, path)
    return entry.node.text if found and isinstance(entry.node, Scalar) else None

"""Values in another shape than the format has: told, then read as they were meant.

So what stands inside them is checked in the same run. The file stays invalid all the same.
"""

from __future__ import annotations

import re

from reconciler.loading.command_hints import list_hint, services_hint, split_words
from reconciler.loading.nodes import Entry, Mapping, Node, Path, Scalar, Sequence
from reconciler.model.field_types import quote_value
from reconciler.model.problems import Problem

# A list of these is often written as a mapping; key -> what names an item.
_NAMED = {"clusters": "name", "members": "name", "volumes": "label"}
# A mapping whose one value often stands in its place; key -> the key of that value.
_SHORT = {"mount": "path", "device": "path"}
_DEALT_OUT = re.compile(r"/dev/(sd|vd|xvd|hd|nvme|dm-)")
_NAME_DISK = "write device: {{wwid: …}}; /lib/udev/scsi_id -g -u -d {0} on the host prints it, or multipath -ll"
_WORDS = frozenset({"options", "services"})


def reshape(file: str, root: Node) -> tuple[Node, list[Problem]]:
    """``root`` as it was meant, and a problem for each value in another shape."""
    reshaper = _Reshaper(file)
    return reshaper.node(root, ()), reshaper.problems


class _Reshaper:
    """``problems`` grows on the way."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file

    def node(self, node: Node, path: Path) -> Node:
        if isinstance(node, Sequence):
            items = (self.node(item, (*path, i)) for i, item in enumerate(node.items))
            return Sequence(node.mark, tuple(items))
        if not isinstance(node, Mapping):
            return node
        entries = {key: self._entry(key, entry, path) for key, entry in node.entries.items()}
        return Mapping(node.mark, entries)

    def _entry(self, key: str, entry: Entry, path: Path) -> Entry:
        node = entry.node
        if isinstance(node, Mapping) and key in _NAMED and _is_of_items(node):
            node = self._as_list(key, entry, node)
        elif isinstance(node, Scalar) and key in _SHORT and node.text.startswith("/"):
            node = self._as_mapping(key, node)
        elif isinstance(node, Scalar) and key in _WORDS and path and node.text.strip():
            node = self._as_words(key, node)
        return Entry(entry.key, self.node(node, (*path, key)))

    def _as_list(self, key: str, entry: Entry, node: Mapping) -> Node:
        name = _NAMED[key]
        first = next(iter(node.entries))
        hint = f"write a list, whose items begin with a dash: '- {name}: {first}'"
        self._report(entry, f"{quote_value(key)} takes a list, not a mapping", hint)
        return Sequence(node.mark, tuple(_named(name, *item) for item in node.entries.items()))

    def _as_mapping(self, key: str, node: Scalar) -> Node:
        inner = _SHORT[key]
        message = (
            f"{quote_value(key)} takes a mapping of keys, not the text {quote_value(node.text)}"
        )
        shown = quote_value(node.text)[1:-1]
        unstable = key == "device" and _DEALT_OUT.match(node.text)
        hint = _NAME_DISK.format(shown) if unstable else f"write {key}: {{{inner}: {shown}}}"
        self._report(Entry(node.mark, node), message, hint)
        return Mapping(node.mark, {inner: Entry(node.mark, node)})

    def _as_words(self, key: str, node: Scalar) -> Node:
        words = split_words(key, node.text)
        message = f"{quote_value(key)} takes a list, not the text {quote_value(node.text)}"
        units = services_hint(node.text) if key == "services" else ""
        hint = units or list_hint(quote_value(node.text), words)
        self._report(Entry(node.mark, node), message, hint)
        return Sequence(node.mark, tuple(Scalar(node.mark, w, plain=False) for w in words))

    def _report(self, entry: Entry, message: str, hint: str) -> None:
        mark = entry.key
        self.problems.append(
            Problem(self._file, mark.line, mark.column, "bad-type", message, hint)
        )


def _is_of_items(node: Mapping) -> bool:
    """Whether the mapping names its items, rather than being one of them without its dash."""
    return bool(node.entries) and all(
        isinstance(entry.node, Mapping) for entry in node.entries.values()
    )


def _named(name: str, key: str, entry: Entry) -> Node:
    """The item ``key: {…}`` as ``{name: key, …}``."""
    node = entry.node
    if not isinstance(node, Mapping) or name in node.entries:
        return node
    named = Entry(entry.key, Scalar(entry.key, key, plain=False))
    return Mapping(node.mark, {name: named, **node.entries})

"""From YAML events to nodes, refusing what a desired-state file has no use for.

Working on events keeps hostile input cheap: depth is counted before anything recurses, and
an alias is refused before anything is expanded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import yaml
from yaml import events

from reconciler.loading.nodes import Broken, Entry, Mapping, Mark, Node, Scalar, Sequence
from reconciler.loading.syntax import syntax_problem
from reconciler.model.field_types import quote_value
from reconciler.model.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 32
# Wheels of PyYAML bring libyaml, which is ten times faster; both read the same.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WRITE_OUT = "write the value out at each place"


def compose(file: str, text: str, loader: Any = LOADER) -> tuple[Node | None, list[Problem]]:
    """The tree of ``text``, None when there is none, and what is wrong with its YAML."""
    composer = _Composer(file, yaml.parse(text, Loader=loader))
    try:
        return composer.document(), composer.problems
    except yaml.YAMLError as error:
        return None, [*composer.problems, syntax_problem(file, error)]
    except _TooDeep:
        return None, composer.problems


class _TooDeep(Exception):
    """Nested beyond reading; the problem has been reported."""


class _Composer:
    """Consumes events; ``problems`` grows on the way."""

    def __init__(self, file: str, found: Iterator[events.Event]) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._events = found

    def document(self) -> Node | None:
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), events.StreamEndEvent):
            return None
        root = self._node(next(self._events), 1)
        next(self._events)  # the end of the document
        following = next(self._events)
        if isinstance(following, events.DocumentStartEvent):
            self._report(
                following,
                "many-documents",
                "a second document starts here",
                "use one file each",
            )
        return root

    def _node(self, event: events.Event, depth: int) -> Node:
        if isinstance(event, events.AliasEvent):
            self._report(
                event, "alias", f"the alias *{event.anchor} is not allowed", _WRITE_OUT
            )
            return Broken(_mark(event))
        tagged = self._decorated(cast("events.NodeEvent", event))
        if isinstance(event, events.ScalarEvent):
            scalar = Scalar(_mark(event), event.value, plain=not event.style)
            return Broken(scalar.mark) if tagged else scalar
        if depth > MAX_DEPTH:
            self._report(event, "too-deep", f"nested more than {MAX_DEPTH} levels deep", "")
            raise _TooDeep
        if isinstance(event, events.SequenceStartEvent):
            return Sequence(_mark(event), tuple(self._items(depth)))
        return self._mapping(event, depth)

    def _decorated(self, event: events.NodeEvent) -> bool:
        """Report an anchor and a tag; True if there is a tag."""
        if event.anchor:
            message = f"the anchor &{event.anchor} is not allowed"
            self._report(event, "alias", message, _WRITE_OUT)
        tag = getattr(event, "tag", None)
        if tag:
            self._report(
                event, "tag", f"the tag {quote_value(tag)} is not allowed", "remove it"
            )
        return bool(tag)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), events.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _mapping(self, start: events.Event, depth: int) -> Mapping:
        mapping = Mapping(_mark(start))
        while not isinstance(event := next(self._events), events.MappingEndEvent):
            key = self._key(event, depth, mapping)
            value = self._node(next(self._events), depth + 1)
            if key is not None:
                mapping.entries[key] = Entry(_mark(event), value)
        return mapping

    def _key(self, event: events.Event, depth: int, mapping: Mapping) -> str | None:
        """The key's text; None when it has been reported and its value is to be dropped."""
        node = self._node(event, depth + 1)
        if not isinstance(node, Scalar):
            if not isinstance(node, Broken):
                self._report(event, "bad-key", "a key must be a plain word", "")
            return None
        if node.text == "<<" and node.plain:
            self._report(event, "alias", "the merge key << is not allowed", _WRITE_OUT)
            return None
        if not node.text:
            self._report(event, "bad-key", "a key is missing before this colon", "")
            return None
        if node.text in mapping.entries:
            first = mapping.entries[node.text].key.line
            message = f"the key {quote_value(node.text)} appears twice here"
            self._report(event, "duplicate-key", message, f"the first is on line {first}")
            return None
        return node.text

    def _report(self, event: events.Event, code: str, message: str, hint: str) -> None:
        mark = _mark(event)
        self.problems.append(Problem(self._file, mark.line, mark.column, code, message, hint))


def _mark(event: events.Event) -> Mark:
    start = event.start_mark
    assert start is not None  # noqa: S101  # a parser marks all; only made-up events have none
    return Mark(start.line + 1, start.column + 1)

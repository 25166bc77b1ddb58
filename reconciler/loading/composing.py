"""From YAML events to nodes, refusing what a desired-state file has no use for.

Working on events keeps hostile input cheap: depth is counted before anything recurses, and
an alias is refused before anything is expanded. Where the text is no YAML any more, what stands
above is a tree all the same, whose unfinished parts are broken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import yaml
from yaml import events

from reconciler.loading.nodes import REST, Broken, Entry, Mapping, Mark, Node, Scalar, Sequence
from reconciler.model.field_types import quote_value
from reconciler.model.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 32
# Wheels of PyYAML bring libyaml, which is ten times faster; both read the same.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ADD_KEY = "write the key, or put the colon in quotes"
_FLAT = "close the brackets; no file needs more than ten levels"
_PLAIN_KEY = "write one word before the colon"
_NO_TEMPLATE = "put braces in quotes; variables like {{ this }} are not filled in here"
_WRITE_OUT = "write the value out at each place"


def compose(file: str, text: str, loader: Any = LOADER) -> tuple[Node | None, list[Problem]]:
    """The tree of ``text``, None when there is none, and what is wrong with its YAML."""
    composer = _Composer(file, text, yaml.parse(text, Loader=loader))
    try:
        return composer.document(), composer.problems
    except _TooDeep:
        return None, composer.problems


class _TooDeep(Exception):
    """Nested beyond reading; the problem has been reported."""


class _Cut(events.Event):
    """Stands for all that follows a fault of the syntax."""


_CUT = _Cut()


class _Composer:
    """Consumes events; ``problems`` grows on the way.

    An event is given out when the next one is there: the last before a fault may be half of
    what was meant.
    """

    def __init__(self, file: str, text: str, found: Iterator[events.Event]) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._text = text
        self._events = found
        self._held: events.Event = _CUT
        self._repeated: dict[int, list[tuple[events.Event, str]]] = {}  # by their mapping's id
        self._lines: list[str] = []

    def document(self) -> Node | None:
        self._next()  # nothing is held yet
        self._next()  # the start of the stream
        if isinstance(self._next(), (events.StreamEndEvent, _Cut)):
            return None
        root = self._node(self._next(), 1)
        self._next()  # the end of the document
        following = self._next()
        if isinstance(following, _Cut):
            if not isinstance(root, Mapping):
                return None
            root.entries[REST] = Entry(root.mark, Broken(root.mark, unread=True))
        if isinstance(following, events.DocumentStartEvent):
            self._report(
                following,
                "many-documents",
                "a second document starts here",
                "use one file each",
            )
        return root

    def _next(self) -> events.Event:
        """The next event; after a fault, which is reported, the cut for ever."""
        event = self._held
        try:
            self._held = next(self._events, _CUT)
        except yaml.YAMLError as error:
            from reconciler.loading.syntax import syntax_problem  # noqa: PLC0415  # only of a file with a problem

            self.problems.append(syntax_problem(self._file, self._text, error))
            self._held = event = _CUT
        return event

    def _node(self, event: events.Event, depth: int) -> Node:
        if isinstance(event, _Cut):
            return Broken(Mark(1, 1), unread=True)
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
            self._report(event, "too-deep", f"nested more than {MAX_DEPTH} levels deep", _FLAT)
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
        while not isinstance(event := self._next(), events.SequenceEndEvent):
            yield self._node(event, depth + 1)
            if isinstance(event, _Cut):
                return

    def _mapping(self, start: events.Event, depth: int) -> Node:
        broken = False
        mapping = Mapping(_mark(start))
        while not isinstance(event := self._next(), events.MappingEndEvent):
            if isinstance(event, _Cut):
                mapping.entries[REST] = Entry(mapping.mark, Broken(mapping.mark, unread=True))
                break
            key = self._key(event, depth, mapping)
            value = self._node(self._next(), depth + 1)
            if key is not None:
                mapping.entries[key] = Entry(_mark(event), value)
            broken |= isinstance(event, events.CollectionStartEvent)  # it meant something else
        self._tell_repeated(mapping)
        return Broken(mapping.mark) if broken else mapping

    def _tell_repeated(self, mapping: Mapping) -> None:
        """Each key that ``mapping`` had already; several at once are those of an item without dash."""
        found = self._repeated.pop(id(mapping), [])
        hint = ""
        if len(found) > 1:
            from reconciler.loading.line_hints import undashed_hint  # noqa: PLC0415  # only of a file with a problem

            event, key = found[0]
            self._lines = self._lines or self._text.split("\n")
            hint = undashed_hint(self._lines, _mark(event), mapping.entries[key].key.line)
        for event, key in found[:1] if hint else found:
            message = f"the key {quote_value(key)} appears twice here"
            last = f"remove one of them; the first is on line {mapping.entries[key].key.line}"
            self._report(event, "duplicate-key", message, hint or last)

    def _key(self, event: events.Event, depth: int, mapping: Mapping) -> str | None:
        """The key's text; None when it has been reported and its value is to be dropped."""
        node = self._node(event, depth + 1)
        if not isinstance(node, Scalar):
            if not isinstance(node, Broken):
                hint = _NO_TEMPLATE if isinstance(node, Mapping) else _PLAIN_KEY
                self._report(event, "bad-key", "a key must be a plain word", hint)
            return None
        if node.text == "<<" and node.plain:
            self._report(event, "alias", "the merge key << is not allowed", _WRITE_OUT)
            return None
        if not node.text:
            self._report(event, "bad-key", "a key is missing before this colon", _ADD_KEY)
            return None
        if node.text in mapping.entries:
            self._repeated.setdefault(id(mapping), []).append((event, node.text))
            return None
        return node.text

    def _report(self, event: events.Event, code: str, message: str, hint: str) -> None:
        mark = _mark(event)
        self.problems.append(Problem(self._file, mark.line, mark.column, code, message, hint))


def _mark(event: events.Event) -> Mark:
    start = event.start_mark
    assert start is not None  # noqa: S101  # a parser marks all; only made-up events have none
    return Mark(start.line + 1, start.column + 1)

"""A document of recorded facts in which each host is found, while few of them are in memory.

The facts of a thousand clusters are a hundred megabytes of JSON: each host is passed over once, and
read again when it is asked for. A document that is not passed over without a doubt is read whole
by who asked, and so are its faults told.
"""

from __future__ import annotations

import json
import os
import stat
import weakref
from collections.abc import Iterator
from typing import Any

from reconciler.frozen import frozen

PIECE = 1 << 20
# Where the hosts stand: by key, a large value each.
PLACES = ("hosts", "storage")
_BLANK = " \t\n\r"
_PASS_OVER = json.JSONDecoder().raw_decode


class Doubtful(Exception):
    """A document that has to be read whole: damaged, or written in an unusual way."""


@frozen
class Span:
    """A value's bytes in the file: the offset of the first, and how many."""

    start: int
    length: int


class FactsIndex:
    """Where the hosts of a document are, by place and key; ``rest`` is its JSON without them.

    The file stays open, so that
    a new one of its name is not read by mistake. Raises OSError, and Doubtful, which also a file
    is that cannot be read twice.
    """

    def __init__(self, path: str) -> None:
        file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, file)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Doubtful(path)
        self._file = file
        self.hosts: dict[str, dict[str, Span]] = {}
        text, parts = _Text(file), []
        for key in _keys(text):
            if key in PLACES:
                self.hosts[key] = {host: text.mapping() for host in _keys(text)}
                parts.append(f"{json.dumps(key)}:{{}}")
            else:
                parts.append(f"{json.dumps(key)}:{self.text(text.value()[1])}")
        self.rest = "{" + ",".join(parts) + "}"
        if text.following():
            raise Doubtful(path)

    def text(self, span: Span) -> str:
        """A value's JSON. Raises Doubtful where the file was changed in its place."""
        content = os.pread(self._file, span.length, span.start)
        if len(content) < span.length:
            raise Doubtful(str(span))
        return content.decode(errors="replace")


class _Text:
    """A file's text in pieces, a character a byte: that is enough to see where values end."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._before = 0  # bytes of the file in front of the text

    def following(self) -> str:
        """The next character that is no blank, "" at the end; it is not taken."""
        while True:
            rest = self._text[self._at : self._at + 64].lstrip(_BLANK)
            self._at = min(len(self._text), self._at + 64) - len(rest)
            if rest:
                return rest[0]
            if self._at == len(self._text) and not self._more():
                return ""

    def take(self, wanted: str) -> str:
        """The next character that is no blank. Raises Doubtful if it is none of ``wanted``."""
        found = self.following()
        if not found or found not in wanted:
            raise Doubtful(found)
        self._at += 1
        return found

    def value(self) -> tuple[Any, Span]:
        """The next value, and where it is; what is no ASCII in it is not to be read."""
        self.following()
        while True:
            try:
                value, end = _PASS_OVER(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if not self._more():
                    raise Doubtful from error
                continue
            length = end - self._at
            if end == len(self._text) and self._more():  # a number may go on
                continue
            span = Span(self._before + self._at, length)
            self._at += length
            return value, span

    def mapping(self) -> Span:
        """Where the next mapping is. Raises Doubtful for anything else."""
        value, span = self.value()
        if not isinstance(value, dict):
            raise Doubtful(str(value))
        return span

    def _more(self) -> bool:
        """Read on, by as much as is there at least: a long value is not tried again too often."""
        rest = self._text[self._at :]
        content = os.pread(self._file, max(PIECE, len(rest)), self._before + len(self._text))
        self._before += self._at
        self._text, self._at = rest + content.decode("latin-1"), 0
        return bool(content)


def _keys(text: _Text) -> Iterator[str]:
    """The keys of the next mapping, the value of each to be taken in between. Raises Doubtful."""
    text.take("{")
    if text.following() == "}":
        text.take("}")
        return
    seen: set[str] = set()
    while True:
        key, _span = text.value()
        if not isinstance(key, str) or not key.isascii() or key in seen:
            raise Doubtful(str(key))
        seen.add(key)
        text.take(":")
        yield key
        if text.take(",}") == "}":
            return

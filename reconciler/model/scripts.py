"""The scripts that travel to hosts: parts that declare what they need, joined for one purpose.

A part says ``# needs: NAME...`` among the comments on its top. A text is the part ``head``, the
parts wanted with all that they need, each after what it needs, then ``main``. What of it is for
readers, comments and indentation, stays at home.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources.abc import Traversable

from reconciler.frozen import frozen

HEAD, MAIN = "head", "main"
# The interpreter, and the line by which a script is known.
HEAD_LINES = 2
NEEDS = re.compile(r"^# needs:(.*)$", re.MULTILINE)
HERE = re.compile(r"<<([A-Z]+)")  # ours are in capitals; 1 << n is arithmetic
OPENS = {"'": "'", '"': '"', "$(": ")", "${": "}", "(": ")"}
CODE = re.compile(r"""\\.|\$[({#$?!]|['"()]|(?:^|(?<=[ \t;&|(]))#""")
# What means something, by what closes the innermost quotes or brackets.
TOKENS = {
    "": CODE,
    ")": CODE,
    "'": re.compile("'"),
    '"': re.compile(r'\\.|\$[({]|"'),
    "}": re.compile(r"""\\.|\$[({]|['"}]"""),
}


@frozen
class Part:
    """One file of a script, ``lib/files`` for ``lib/files.sh``."""

    name: str
    text: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of the parts that it declares to need."""
        return tuple(word for line in NEEDS.findall(self.text) for word in line.split())

    def functions(self, prefix: str) -> tuple[str, ...]:
        """What follows ``prefix`` in the names of its functions."""
        return tuple(re.findall(rf"^{prefix}([a-z_0-9]+)\(\)", self.text, re.MULTILINE))


def read_parts(folder: Traversable, place: str = "") -> Mapping[str, Part]:
    """The parts in a folder and its folders, by name."""
    found: dict[str, Part] = {}
    for item in sorted(folder.iterdir(), key=lambda one: one.name):
        if item.is_dir():
            found |= read_parts(item, f"{place}{item.name}/")
        elif item.name.endswith(".sh"):
            name = place + item.name.removesuffix(".sh")
            found[name] = Part(name, item.read_text(encoding="utf-8"))
    return found


def join(parts: Mapping[str, Part], wanted: Iterable[str]) -> str:
    """The text for readers of the parts ``wanted``; raises KeyError for one that is not there.

    The same parts give the same text, whatever their order.
    """
    needed: dict[str, None] = {}
    for name in (*parts[MAIN].needs, *wanted):
        _collect(parts, name, needed)
    order: dict[str, None] = {HEAD: None}
    # What main needs comes first: a part may call it while it is read.
    for name in (*parts[MAIN].needs, *sorted(needed)):
        _collect(parts, name, order)
    order.pop(MAIN, None)
    return "\n".join(parts[name].text for name in (*order, MAIN))


def _collect(parts: Mapping[str, Part], name: str, order: dict[str, None]) -> None:
    """Adds a part to ``order`` after all that it needs."""
    if name not in order:
        for need in parts[name].needs:
            _collect(parts, need, order)
        order[name] = None


def travelling(text: str) -> str:
    """A script without comments, indentation and empty lines, but for its head.

    What stands in quotes, in here-documents, or is continued, stays as it is. Linux takes no
    argument of more than 128 KiB (execve(2), MAX_ARG_STRLEN), and a command over ssh is one.
    """
    lines = text.split("\n")
    return "\n".join((*lines[:HEAD_LINES], *_code(lines[HEAD_LINES:]), ""))


def _code(lines: Iterable[str]) -> Iterator[str]:
    """The lines that are more than comments."""
    within: list[str] = []  # what closes the quotes and brackets that are open, innermost last
    until: list[str] = []  # the last lines of here-documents
    continued = False
    for line in lines:
        if until:
            yield line
            if line == until[0]:
                until.pop(0)
            continue
        starts = line if continued or _quotes(within) else line.lstrip()
        code = _scan(starts, within)
        until += HERE.findall(code) if not _quotes(within) else []
        if code or _quotes(within):
            yield code
        continued = code.endswith("\\")


def _quotes(within: list[str]) -> bool:
    """Whether what follows is in quotes or an expansion."""
    return bool(within) and within[-1] != ")"


def _scan(line: str, within: list[str]) -> str:
    """The line without its comment; ``within`` is as it is at its end."""
    at = 0
    while token := TOKENS[within[-1] if within else ""].search(line, at):
        at, word = token.end(), token[0]
        if word == "#":
            return line[: token.start()].rstrip()
        if within and word == within[-1]:
            within.pop()
        elif word in OPENS:
            within.append(OPENS[word])
    return line

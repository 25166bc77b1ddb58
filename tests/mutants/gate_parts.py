"""Statements of the gate's parts that refuse: what notes that a test meets one, and the gate without it.

Where a call was wrong (`usage`) is not among them: tests put there what may do harm to their machine.
Where a tool has failed (`stop`) neither: that is no precondition.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler import gate
from reconciler.model.scripts import Part

FUNCTION = re.compile(r"^(\w+)\(\) \{")
# A function that is a refusal: whoever calls it refuses.
REFUSAL = re.compile(r"^(\w+)\(\) \{ refuse .*\}$", re.MULTILINE)
# Functions that look and refuse, each with calls of its own, and leave nothing behind that is used.
GUARDS = frozenset(
    [
        *("all_up", "await_packages", "cluster_unused", "explained", "is_shown", "layers"),
        *("lost", "no_symlink", "nobody_else", "room", "room_for", "same_device", "same_wwid"),
        *("unblocked", "unchanged", "unheld", "unheld_module", "uninterrupted", "unmounted"),
        *("unsigned", "zeros"),
    ]
)
# Where a command begins.
BEGINS = r"(?:^ *|[;)] |[;)] +(?:do|then) |\|\| |&& )"
# The part that is in every text, before whatever may refuse.
FIRST = "lib/exit"
NOTE = """
met() {{ # met NAME COMMAND ARG...
    echo "$1" >>{file}
    shift
    "$@"
}}
"""
_noted: list[int] = []  # a file


@dataclass(frozen=True)
class Refusal:
    """One in a line of a part, from the column ``at`` on; ``name`` says what and where.

    ``function`` has it, and ``calls`` refuses there.
    """

    part: str
    line: int
    at: int
    function: str
    calls: str
    name: str


def refusals() -> Iterator[Refusal]:
    """All of them, in the order of parts and lines."""
    alike = (REFUSAL.findall(part.text) for part in gate.parts().values())
    words = "|".join(GUARDS.union(["refuse"], *alike))
    call = re.compile(rf"{BEGINS}((?:{words})(?: [a-z-]+)?)(?=[ ;]|$)")
    for part in gate.parts().values():
        count: dict[str, int] = {}
        function = ""
        for number, line in enumerate(part.text.split("\n")):
            function = found[1] if (found := FUNCTION.match(line)) else function
            if line.lstrip().startswith("#") or REFUSAL.match(line):
                continue
            for said in call.finditer(line):
                name = f"{part.name}.sh::{function} {said[1].removeprefix('refuse ')}"
                count[name] = count.get(name, 0) + 1
                name += f" #{count[name]}" if count[name] > 1 else ""
                calls = said[1].partition(" ")[0]
                yield Refusal(part.name, number, said.start(1), function, calls, name)


def leave_out(refusal: Refusal) -> None:
    """It does nothing from here on."""
    _put_before([refusal], lambda _: ":")


def note_refusals() -> None:
    """From here on it is noted which of them are met, in whatever namespace or root."""
    _noted[:] = [os.memfd_create("noted")]
    _put_before([*refusals()], lambda refusal: f"met '{refusal.name}'")
    file = f"/proc/{os.getpid()}/fd/{_noted[0]}"
    _rewrite(FIRST, gate.parts()[FIRST].text + NOTE.format(file=file))


def noted_refusals() -> frozenset[str]:
    """The names of those that were met since the last time."""
    found: set[str] = set()
    for file in _noted:
        found.update(os.pread(file, os.fstat(file).st_size, 0).decode().splitlines())
        os.truncate(file, 0)
    return frozenset(found)


def _put_before(found: list[Refusal], word: Callable[[Refusal], str]) -> None:
    for one in reversed(found):  # the last of a line first: the others stay where they are
        lines = gate.parts()[one.part].text.split("\n")
        line = lines[one.line]
        lines[one.line] = f"{line[: one.at]}{word(one)} {line[one.at :]}"
        _rewrite(one.part, "\n".join(lines))


def _rewrite(name: str, text: str) -> None:
    parts = gate.parts()
    assert isinstance(parts, dict)
    parts[name] = Part(name, text)
    gate._travelling.cache_clear()

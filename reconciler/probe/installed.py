"""The probe as a file on the hosts, for a user who may run it by sudo and nothing else.

What it asks is written into it, so that nobody gives it a word. Its answer tells that first, a
line a word, and which text it is; then it is the answer of any probe.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from reconciler.model.scripts import HEAD, join
from reconciler.probe import parts, section_parts

PROGRAM = "/usr/local/sbin/reconcile-probe"
PART = "installed"
MARK, ASKED = "@@reconcile-installed", "@@asked"
# What each option of the probe asks for; what is looked at for blankness is described, too.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "--want": ("want",),
    "--blank": ("want", "blank"),
    "--path": ("paths",),
    "--unit": ("units",),
    "--order": ("orders",),
    "--guests": ("guests",),
    "--package": ("packages",),
    "--connect": ("connect",),
    "--lv": ("volumes",),
}
Asked = Mapping[str, frozenset[str]]


def asked_by(words: Sequence[str]) -> Asked:
    """What the arguments of a probe ask for, by kind; sections and sizes aside."""
    found: dict[str, set[str]] = {kind: set() for kinds in OPTIONS.values() for kind in kinds}
    for option, word in zip(words[::2], words[1::2], strict=True):
        for kind in OPTIONS.get(option, ()):
            found[kind].add(word)
    return {kind: frozenset(given) for kind, given in found.items()}


def installed_text(words: Sequence[str], connect: Sequence[str]) -> str:
    """The file, with its comments: it asks for ``words``, the arguments of a probe.

    It tries to reach ``connect``, each IP:PORT, only while one of them is no node of the running
    kernel: where all are, somebody would be told of a stranger at every look.
    """
    head, rest = _text()
    return f"{head}\n{parts()[PART].text}\n{''.join(_asks(words, connect))}\n{rest}"


@cache
def digest() -> str:
    """Which text it is: of this version, whatever it asks."""
    head, rest = _text()
    return hashlib.sha256(f"{head}\n{parts()[PART].text}\n{rest}".encode()).hexdigest()


def installed_answer(before: str) -> tuple[str, Asked] | None:
    """Which text told what it asks, from what stands ``before`` an answer; None if none did."""
    lines = [line.split("\t") for line in before.splitlines()]
    marks = [line[1] for line in lines if line[0] == MARK and len(line) == 2]
    if len(marks) != 1:
        return None
    found: dict[str, set[str]] = {}
    for line in lines:
        if line[0] == ASKED and len(line) == 3:
            found.setdefault(line[1], set()).add(_word(line[2]))
    return marks[0], {kind: frozenset(words) for kind, words in found.items()}


def _word(text: str) -> str:
    """What a word was; one that is none asks for nothing."""
    try:
        return str(json.loads(text))
    except (ValueError, RecursionError):
        return ""


@cache
def _text() -> tuple[str, str]:
    """The head, and all that follows it."""
    whole = join(parts(), sorted(set(section_parts().values())))
    head = parts()[HEAD].text
    return head, whole.removeprefix(head).removeprefix("\n")


def _asks(words: Sequence[str], connect: Sequence[str]) -> Iterator[str]:
    """The lines that are of one file of a cluster."""
    yield "# What it asks, and tells first that it does.\n"
    yield _told((f"{MARK}\t{digest()}", *_rows(words)))
    pairs = zip(words[::2], words[1::2], strict=True)
    yield _set("set --", pairs)
    if not connect:
        return
    new = [("--connect", target) for target in connect]
    yield f"if is_new {shlex.join(target.partition(':')[0] for target in connect)}; then\n"
    yield _told(_rows([word for pair in new for word in pair]))
    yield _set('set -- "$@"', new)
    yield "fi\n"


def _rows(words: Sequence[str]) -> tuple[str, ...]:
    found = asked_by(words).items()
    return tuple(
        f"{ASKED}\t{kind}\t{json.dumps(word)}"
        for kind, given in found
        for word in sorted(given)
    )


def _told(rows: Sequence[str]) -> str:
    return " \\\n    ".join(("printf '%s\\n'", *map(shlex.quote, rows))) + "\n"


def _set(words: str, pairs: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> str:
    return " \\\n    ".join((words, *map(shlex.join, pairs))) + "\n"

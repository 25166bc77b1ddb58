"""The host-side program for what must be checked and done in one breath.

It stands in ``parts``; a verb ``write-file`` is the function ``verb_write_file`` of one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from reconciler.model.gate_call import AS, DEVICE_WORDS, ON, PERMIT_WORDS, Target
from reconciler.model.plan import MINUTE, Command
from reconciler.model.scripts import Part, join, read_parts, travelling

VERB = "verb_"
FETCH = "fetch"
FETCHED = ("install-packages", "install-module")
# How many words of its own a verb has that stands before another one.
BEFORE = {AS: PERMIT_WORDS, ON: DEVICE_WORDS, FETCH: 0}


@cache
def parts() -> Mapping[str, Part]:
    """All parts by name; read once."""
    return read_parts(resources.files(__name__).joinpath("parts"))


@cache
def verb_parts() -> Mapping[str, str]:
    """The part of each verb."""
    return {
        found.replace("_", "-"): name
        for name, part in parts().items()
        for found in part.functions(VERB)
    }


def gate_text(*words: str) -> str:
    """The text that travels for a call with these words: a verb, after ``as`` and ``on`` if any.

    A word that is no verb brings nothing along: it is refused there.
    """
    return _travelling(_wanted(words))


def gate_source(*words: str) -> str:
    """As ``gate_text``, with comments, for readers and their tools."""
    return join(parts(), _wanted(words))


@cache
def _travelling(wanted: tuple[str, ...]) -> str:
    return travelling(join(parts(), wanted))


def _wanted(words: tuple[str, ...]) -> tuple[str, ...]:
    known = verb_parts()
    return tuple(known[verb] for verb in _called(words) if verb in known)


def _called(words: tuple[str, ...]) -> Iterator[str]:
    """The verbs of a call: those that stand before another one, and that."""
    while words:
        yield words[0]
        words = words[1 + BEFORE[words[0]] :] if words[0] in BEFORE else ()


def gate_command(
    verb: str,
    *arguments: str,
    target: Target | None = None,
    stdin: str = "",
    timeout: float = MINUTE,
    references: tuple[str, ...] = (),
) -> Command:
    """The command for one of the gate's verbs, as its parts describe them.

    ``target`` is the device of a verb that mounts or writes one.
    """
    words = (*(target.words() if target else ()), verb, *arguments)
    return Command(("sh", "-c", gate_text(*words), "gate", *words), stdin, timeout, references)

"""Which text of each file of a source counts: the new one, or the last one that was good.

As ``watch.sources`` has it for a daemon: what two files name stays with the one that had it, and
what is broken leaves what was good before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import SpecInvalid
from reconciler.loading.claims import Claim, Claims, claim_of
from reconciler.loading.positions import zone_position
from reconciler.model.desired import Desired
from reconciler.model.problems import Problem
from reconciler.model.refusals import REFUSALS

# Of one file: what is kept of what is wrong with it.
MOST_PROBLEMS = 10
# What files name twice: here no command can be given one of them alone.
IN_ONE = "name it in one file of the source"
LINE = r"(?P<line>\d+):(?P<column>\d+): (?P<code>[a-z0-9-]+): (?P<message>.*)"


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says that fits into no other file: its clusters with their zones, what it claims."""

    clusters: tuple[tuple[str, str], ...]
    claim: Claim


@dataclass(frozen=True, slots=True)
class Version:
    """A text of a file, and what it says."""

    text: str
    said: Said


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it is found: ``now`` if it is good, ``before`` as it was taken over last.

    ``problems`` are why it is not good.
    """

    name: str
    now: Version | None
    before: Version | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """What counts of a file: None if no text of it does. ``problems`` are all that is wrong with it."""

    found: Found
    version: Version | None
    problems: tuple[Problem, ...]


def say(desired: Desired) -> Said:
    """What a good file says."""
    clusters = tuple((cluster.name, cluster.zone) for cluster in desired.clusters)
    return Said(clusters, claim_of(desired))


def decide(found: Sequence[Found], zones: Iterable[str]) -> Sequence[Decided]:
    """What counts of each file, in a fleet with these zones.

    First have their say the files that say the same as before. So a cluster may go from one file to
    another, once the first lets go of it.
    """
    known, claims = frozenset(zones), Claims(names=True)
    decided: dict[str, Decided] = {}
    for one in sorted(found, key=lambda file: (not _is_same(file), file.name)):
        decided[one.name] = _decide(one, claims, known)
    return [decided[one.name] for one in found]


def problem_words(problems: Sequence[Problem]) -> str:
    """What is wrong with a file, a line each: ``LINE:COLUMN: CODE: MESSAGE; HINT``."""
    lines = [_line(problem) for problem in problems[:MOST_PROBLEMS]]
    more = len(problems) - MOST_PROBLEMS
    return "\n".join([*lines, f"1:1: more: {more} more"] if more > 0 else lines)


def read_problems(file: str, words: str) -> tuple[Problem, ...]:
    """The problems of a file, of which ``problem_words`` says so; their hints are in the message."""
    found = (re.fullmatch(LINE, line) for line in words.splitlines())
    return tuple(
        Problem(file, int(one["line"]), int(one["column"]), one["code"], one["message"])
        for one in found
        if one and one["code"] in REFUSALS
    )


def _line(problem: Problem) -> str:
    """In one line, whatever it quotes."""
    words = "; ".join(filter(None, (problem.message, problem.hint)))
    words = " ".join(words.splitlines())
    return f"{problem.line}:{problem.column}: {problem.code}: {words}"


def _is_same(file: Found) -> bool:
    return file.now is None or (file.before is not None and file.before.text == file.now.text)


def _decide(one: Found, claims: Claims, zones: frozenset[str]) -> Decided:
    problems = list(one.problems)
    for version in dict.fromkeys(filter(None, (one.now, one.before))):
        try:
            claims.take_claim(one.name, version.said.claim)
        except SpecInvalid as error:
            problems += (replace(found, hint=IN_ONE) for found in error.problems)
            continue
        problems += _unknown_zones(one.name, version, zones)
        return Decided(one, version, tuple(problems))
    return Decided(one, None, tuple(problems))


def _unknown_zones(file: str, version: Version, zones: frozenset[str]) -> Iterator[Problem]:
    for number, (name, zone) in enumerate(version.said.clusters):
        if zone not in zones:
            message = f"cluster '{name}' is in zone '{zone}', which the fleet does not have"
            hint = f"its zones are {', '.join(sorted(zones))}"
            yield Problem(
                file, *zone_position(version.text, number), "zone-unknown", message, hint
            )

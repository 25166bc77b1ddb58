"""A look at a host, as a person takes it: what is typed, and what it must show."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.frozen import frozen
from reconciler.model.plan import Fact

SAME = "the same on each of these hosts"


@frozen
class Check:
    """``commands`` are typed on a host; ``shows`` is what they must show, a line each."""

    commands: tuple[str, ...]
    shows: tuple[str, ...]


def one(command: str, *shows: str) -> Check:
    """A look that takes one command."""
    return Check((command,), shows)


def join(checks: Iterable[Check]) -> Check:
    """Looks as one, in their order."""
    every = tuple(checks)
    return Check(
        tuple(command for check in every for command in check.commands),
        tuple(line for check in every for line in check.shows),
    )


def value(fact: Fact) -> str:
    """What a fact says, where it is the same for all in no certain value."""
    return SAME if fact.value is None else fact.value

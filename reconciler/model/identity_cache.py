"""What follows from immutable values, worked out once for the same objects."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
# What is asked of each host: as many as a cluster has, those of a plan before not among them.
HOSTS = 256
_forgets: list[Callable[[], None]] = []


def forget() -> None:
    """Let go of all that is remembered: what is asked from here on is about other objects."""
    for clear in _forgets:
        clear()


def once_each(
    most: int = 64,
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Remember what a function of immutable objects gave for the last ``most`` of them.

    Rules ask of each member what follows from the whole cluster; with 255 members that would be
    255 walks over 255. ``functools.lru_cache`` hashes all of its arguments each time, which is
    such a walk itself: here only the very same objects count as the same. They are kept with the
    result, so no other object can get their ids. What is called by name is worked out each time.
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        known: dict[tuple[int, ...], tuple[Any, Result]] = {}
        _forgets.append(known.clear)

        @wraps(function)
        def look_up(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
            if named:  # no part of the key
                return function(*arguments, **named)
            key = tuple(map(id, arguments))
            found = known.get(key)
            if found is None:
                if len(known) >= most:  # the oldest goes; a walk over fewer hosts is all here
                    del known[next(iter(known))]
                found = known[key] = (arguments, function(*arguments, **named))
            return found[1]

        return look_up

    return decorate

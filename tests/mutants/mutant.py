"""What a mutant is, and what is done before tests run on one."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tests.runs
from reconciler.model import identity_cache


@dataclass(frozen=True)
class Mutant:
    """The product without ``name``; a test can fail for it that has met one of ``meets``.

    Who has met one of ``lacks`` is likely to fail.
    """

    group: str
    name: str
    plant: Callable[[], None]
    meets: frozenset[str]
    lacks: frozenset[str] = frozenset()


@functools.cache
def caches() -> tuple[Any, ...]:
    """All that remember results by arguments; found once, before the first mutant."""
    gc.unfreeze()
    found = [o for o in gc.get_objects() if isinstance(o, functools._lru_cache_wrapper)]
    gc.freeze()
    return tuple(found)


def forget_everything() -> None:
    """What the product without the mutant has led to is no longer known to anybody."""
    for found in caches():
        if found is not caches:
            found.cache_clear()
    identity_cache.forget()
    tests.runs.FORESEEN.clear()
    tests.runs.WRITTEN.clear()

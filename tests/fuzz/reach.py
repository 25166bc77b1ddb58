"""Which lines of the product an input leads to, and the few inputs that lead to all of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from types import FrameType
from typing import Any

from tests.fuzz.target import Target, examine

PRODUCT = "/reconciler/"
MEMORY = type(cache(str))  # how functools has it
Step = tuple[int, int, int]  # a code object, the line before, the line


def reach(target: Target, data: bytes) -> frozenset[Step]:
    """The steps from line to line that the product goes for an input."""
    forget_texts()
    steps: set[Step] = set()
    last: dict[int, int] = {}

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        code = frame.f_code
        if PRODUCT not in code.co_filename:
            return None
        if event == "line":
            place = id(frame)
            steps.add((id(code), last.get(place, 0), frame.f_lineno))
            last[place] = frame.f_lineno
        elif event == "return":
            last.pop(id(frame), None)
        return trace

    sys.settrace(trace)
    try:
        examine(target, data)
    finally:
        sys.settrace(None)
    return frozenset(steps)


def fewest(target: Target, inputs: Iterable[bytes], room: int, most: int) -> Sequence[bytes]:
    """Inputs that lead everywhere that ``inputs`` lead, the shorter first, as far as there is room."""
    reached = {data: reach(target, data) for data in inputs}
    kept, seen = list[bytes](), set[Step]()
    left = sorted(reached, key=lambda data: (len(data), data))
    while left and len(kept) < most:
        best = max(left, key=lambda data: len(reached[data] - seen) / (len(data) + 40))
        if not reached[best] - seen:
            break
        left.remove(best)
        if len(best) <= room:
            kept.append(best)
            room -= len(best)
            seen |= reached[best]
    return kept


def forget_texts() -> None:
    """Nothing is known of an earlier input: what is answered from memory goes no way."""
    for known in _caches():
        known.cache_clear()


@cache
def _caches() -> tuple[Any, ...]:
    modules = [
        module for name, module in sorted(sys.modules.items()) if name.startswith("reconciler.")
    ]
    found = (value for module in modules for value in vars(module).values())
    return tuple({id(one): one for one in found if _is_of_texts(one)}.values())


def _is_of_texts(value: object) -> bool:
    """A memory with a bound is one of texts; what is made once and for all stays."""
    return isinstance(value, MEMORY) and value.cache_parameters()["maxsize"] is not None

"""Work done in processes of their own, which begin with all that was imported and collected."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def do_each(works: Iterable[Callable[[], T]], at_once: int) -> Iterator[T]:
    """The results, in the order of the works."""
    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(_in_child, works)


def _in_child(work: Callable[[], T]) -> T:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()  # a test that signals its own group does not mean us
            _be_quiet()
            with os.fdopen(writing, "wb") as out:
                pickle.dump(work(), out)
        finally:
            os._exit(0)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as answer:
            found: T = pickle.load(answer)  # noqa: S301  # from our own child
    except EOFError:
        raise ChildProcessError("a process of tests has ended without an answer") from None
    finally:
        os.waitpid(child, 0)
    return found


def _be_quiet() -> None:
    """What tests print of a mutant is nobody's business."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)

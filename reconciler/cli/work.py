"""Work of a command: what waits for hosts, and what is written as if it did."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Result = TypeVar("Result")


def complete(work: Coroutine[Any, Any, Result]) -> Result:
    """What ``work`` gives, as by ``asyncio.run``.

    That one asks at its end who would handle Ctrl-C, which is the task, and so has the task's
    result put into words twice: all facts of all hosts. Here the task gives nothing.
    """
    given: list[Result] = []

    async def keep() -> None:
        given.append(await work)

    asyncio.run(keep())
    return given[0]

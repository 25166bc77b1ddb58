"""Virtual time: the event loop's clock is the world's, and jumps to what is due next."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from reconciler.hosts.simulator import World

T = TypeVar("T")


class _Skip(selectors.BaseSelector):
    """Nothing is ever ready but timers: instead of waiting for one, time jumps to it."""

    def __init__(self) -> None:
        self.jump: Callable[[float], None] = lambda _seconds: None

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, 0, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, 0, 0, None)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        raise KeyError(fileobj)

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "everything waits for ever"
        self.jump(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is the world's."""

    def __init__(self, world: World) -> None:
        skip = _Skip()
        super().__init__(skip)
        self._world = world
        self._now = world.now
        skip.jump = self._jump

    def time(self) -> float:
        self._now = max(self._now, self._world.now)
        return self._now

    def _jump(self, seconds: float) -> None:
        self._now = self.time() + seconds
        self._world.reach(self._now)


def drive(world: World, story: Coroutine[Any, Any, T]) -> T:
    """Plays ``story`` in the world's own time."""
    world.pace = asyncio.sleep
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(world)) as runner:
        return runner.run(story)

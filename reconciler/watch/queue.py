"""The queue of turns: who asks for a look at a cluster, who gives one up, and who carries them out.

It is small so that there can be two: ``LocalQueue`` for one process, and that of a fleet, on a
database that many processes share. One suite of tests runs on both.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeAlias

from reconciler.watch.schedule import Schedule

# Takes the turn of a cluster; whether anything was learnt of it. It ends soon when it is cancelled.
Work: TypeAlias = Callable[[str], Awaitable[bool]]
DONE, FAILED, CANCELLED, LOST = "done", "failed", "cancelled", "lost"
# Turns of a cluster that one process remembers.
REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A turn of a cluster. One that goes on has no end and no result.

    ``result`` is done, failed (nothing was learnt), cancelled, or lost: who took it has died.
    """

    cluster: str
    began: datetime
    ended: datetime | None = None
    result: str = ""


class Queue(Protocol):
    """Of a cluster at most one turn goes on, and at most one more waits."""

    async def submit(self, names: Collection[str]) -> Sequence[str]:
        """Each as soon as there is room, once more if it has its turn now; those that are known."""

    async def cancel(self, names: Collection[str]) -> Sequence[str]:
        """Give up what waits and what goes on; of which clusters there was any."""

    async def history(self, name: str, limit: int) -> Sequence[PastTurn]:
        """The last turns of a cluster, the latest first."""

    async def run(self, work: Work) -> None:
        """Take turns with ``work``, until it is cancelled: then what goes on is cancelled, too."""


@dataclass(slots=True, eq=False)
class LocalQueue:
    """The queue of one process, whose turns come by a schedule; ``wall`` is the clock of people."""

    schedule: Schedule
    wall: Callable[[], datetime]
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _going: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _given_up: set[str] = field(default_factory=set)
    _past: dict[str, deque[PastTurn]] = field(default_factory=dict)

    def follow(self, names: Collection[str], ages: Mapping[str, float]) -> None:
        """Exactly these clusters from now on, as ``Schedule.follow``."""
        self.schedule.follow(names, _now(), ages)
        for gone in self._past.keys() - set(names):
            del self._past[gone]
        self._changed.set()

    def request(self, names: Iterable[str]) -> None:
        """``submit`` for who cannot wait."""
        for name in names:
            self.schedule.request(name, _now())
        self._changed.set()

    async def submit(self, names: Collection[str]) -> Sequence[str]:
        """As of ``Queue``."""
        self.request(names)
        return [name for name in names if name in self.schedule.turns]

    async def cancel(self, names: Collection[str]) -> Sequence[str]:
        """As of ``Queue``. What waited comes again when an interval is over."""
        found = [name for name in names if self._give_up(name)]
        going = [self._going[name] for name in found if name in self._going]
        if going:
            await asyncio.wait(going)
        self._changed.set()
        return found

    async def history(self, name: str, limit: int) -> Sequence[PastTurn]:
        """As of ``Queue``, as far as this process remembers."""
        return list(self._past.get(name, ()))[:limit]

    async def run(self, work: Work) -> None:
        """As of ``Queue``. What ``work`` raises ends it."""
        async with asyncio.TaskGroup() as turns:
            while True:
                self._changed.clear()
                for name in self.schedule.take(_now()):
                    self._going[name] = turns.create_task(self._take_turn(name, work))
                try:
                    async with asyncio.timeout(self.schedule.seconds_to_next(_now())):
                        await self._changed.wait()
                except TimeoutError:
                    pass

    async def _take_turn(self, name: str, work: Work) -> None:
        past = self._past.setdefault(name, deque(maxlen=REMEMBERED))
        past.appendleft(begun := PastTurn(name, self.wall()))
        result = FAILED
        try:
            result = DONE if await work(name) else FAILED
        except asyncio.CancelledError:
            result = CANCELLED
            if name not in self._given_up:
                raise
        finally:
            self._given_up.discard(name)
            del self._going[name]
            if begun in past:
                past[past.index(begun)] = replace(begun, ended=self.wall(), result=result)
        self.schedule.finish(name, _now(), failed=result == FAILED)
        self._changed.set()

    def _give_up(self, name: str) -> bool:
        is_found = self.schedule.give_up(name, _now())
        if task := self._going.get(name):
            self._given_up.add(name)
            task.cancel()
        return is_found


def _now() -> float:
    return asyncio.get_running_loop().time()

"""The state of the fleet as the loop calls it: transactions in a thread of their own."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reconciler.errors import StoreBusy
from reconciler.fleet.sessions import break_off, hear
from reconciler.storage.database import Database, StateConnection
from reconciler.storage.engines import hear_connections
from reconciler.storage.fleet_workers import require_alive

T = TypeVar("T")
# Seconds for a transaction; a network may say nothing for ever.
LONGEST = 15.0
# Seconds before each further try of a transaction that lost. PostgreSQL undoes the loser before the
# winner is awake, and one that begins again at once takes the same rows first and loses again.
# Few and short, since nothing else of the worker is written meanwhile, its sign of life neither.
STEPS_BACK = (0.05, 0.2)


@dataclass(slots=True, eq=False)
class Transactions:
    """One transaction at a time. What it calls raises StoreFailed where the database cannot be used."""

    database: Database
    _connections: weakref.WeakSet[Any] = field(default_factory=weakref.WeakSet)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def __post_init__(self) -> None:
        hear_connections(self.database.engine, self._connections.add)

    def break_off(self) -> None:
        """End all connections beneath whoever waits on them, also in other threads."""
        for connection in list(self._connections):
            break_off(connection)

    async def read(self, call: Callable[[StateConnection], T]) -> T:
        """What a call finds at one moment."""
        return await self._do(lambda: self._read(call))

    async def write(self, call: Callable[[StateConnection], T]) -> T:
        """What a call comes to that writes; it may be called again, and what was before counts for nothing."""
        return await self._do(lambda: self._write(call))

    async def write_as(self, worker: str, call: Callable[[StateConnection], T]) -> T:
        """As ``write``, by a worker whose life goes on. Raises WorkerLost if it does not."""

        def write_alive(connection: StateConnection) -> T:
            require_alive(connection, worker)
            return call(connection)

        return await self.write(write_alive)

    async def close(self) -> None:
        """End its connections; what is at work ends first."""
        await self._do(self.database.close)
        self._thread.shutdown(wait=False)

    async def _do(self, call: Callable[[], T]) -> T:
        done = asyncio.get_running_loop().run_in_executor(self._thread, call)
        done.add_done_callback(hear)
        try:
            async with asyncio.timeout(LONGEST):
                return await asyncio.shield(done)
        except TimeoutError:
            self.break_off()
            return await done

    def _read(self, call: Callable[[StateConnection], T]) -> T:
        with self.database.reading() as connection:
            return call(connection)

    def _write(self, call: Callable[[StateConnection], T]) -> T:
        """Again where somebody was in the way, as of two that wait for each other: all is undone then,
        and a life does not end of it."""
        end = time.monotonic() + LONGEST
        for step_back in STEPS_BACK:
            try:
                return self._write_once(call)
            except StoreBusy:
                time.sleep(step_back)
                if time.monotonic() > end:  # whoever waited has broken it off
                    raise
        return self._write_once(call)

    def _write_once(self, call: Callable[[StateConnection], T]) -> T:
        with self.database.writing() as connection:
            return call(connection)

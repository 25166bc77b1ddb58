"""The store as the loop calls it: one call at a time, in a thread of its own; its trouble is told once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from reconciler import telemetry
from reconciler.model.watched import Told, TroubleKey
from reconciler.watch.stores import Store

T = TypeVar("T")
# Seconds between two looks for history that is old.
PRUNED_APART = 3600.0


@dataclass(slots=True, eq=False)
class Keeping:
    """Calls the store; ``wall`` is the clock of people."""

    store: Store
    wall: Callable[[], datetime]
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _trouble: str = ""

    async def ask(self, call: Callable[[], T]) -> T:
        """What a call of the store answers."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def keep(self, call: Callable[[], str]) -> None:
        """A call that answers with its trouble."""
        self.tell_trouble(await self.ask(call))

    def tell_trouble(self, trouble: str) -> None:
        """That nothing can be kept is told once, and its end."""
        before, self._trouble = self._trouble, trouble
        if trouble and trouble != before:
            telemetry.warning("state-not-kept", message=trouble)
        elif before and not trouble:
            telemetry.info("state-kept-again")

    async def prune(self) -> None:
        """For ever: old history goes."""
        while True:
            await asyncio.sleep(PRUNED_APART)
            await self.keep(lambda: self.store.prune(self.wall()))

    async def load_told(self, cluster: str, receiver: str) -> Mapping[TroubleKey, Told]:
        """What a receiver was told of a cluster."""
        return await self.ask(lambda: self.store.load_told(cluster, receiver))

    async def keep_told(
        self, cluster: str, receiver: str, told: Mapping[TroubleKey, Told]
    ) -> None:
        """A receiver was told it."""
        await self.keep(lambda: self.store.keep_told(cluster, receiver, told, self.wall()))

    async def close(self) -> None:
        """All that was recorded is kept."""
        await self.ask(self.store.close)
        self._thread.shutdown()

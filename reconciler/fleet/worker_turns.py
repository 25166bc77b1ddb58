"""One turn of a cluster as a worker of a fleet has it, from its begin in the database to its end there."""

from __future__ import annotations

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from reconciler.errors import StoreFailed
from reconciler.fleet.holds import Holds
from reconciler.fleet.lives import Life
from reconciler.fleet.transactions import Transactions
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_schedule import put_forward, request, settle_due, zone_of_turn
from reconciler.storage.fleet_turns import begin_turn, end_turn
from reconciler.storage.rollout_turns import is_apply_due
from reconciler.watch.queue import CANCELLED, DONE, FAILED, Work
from reconciler.watch.schedule import wait_after

# Seconds: while a turn goes on its cluster is due only if somebody asks for it.
LONGEST = 86400.0
# Seconds until a cluster is tried again that somebody has.
BUSY = 2.0
LOOK, APPLY = "look", "apply"


@dataclass(frozen=True, slots=True)
class Kit:
    """What a life works with: ``look`` takes turns, ``apply`` those in which a rollout has something
    for the cluster, and ``beside`` is what else it does until it ends. ``hear`` is told whose turn
    somebody has asked for, before it begins."""

    look: Work
    apply: Work | None = None
    beside: Sequence[Callable[[], Awaitable[None]]] = ()
    hear: Callable[[str], None] = lambda _cluster: None


@dataclass(frozen=True, slots=True)
class Turns:
    """Turns of one life, of clusters in ``zones``, ``interval`` seconds apart."""

    state: Transactions
    life: Life
    kit: Kit
    zones: Collection[str]
    interval: float

    async def take(self, cluster: str, is_given_up: Callable[[], bool]) -> None:
        """The turn of a cluster, if nobody else has it; what befalls it is told, not raised.

        Of one that is cancelled ``is_given_up`` says whether somebody asked for that: then the next
        comes when an interval is over. Else another worker has it at once.
        """
        holds = Holds(self.life)
        try:
            try:
                begun = await self._begin(holds, cluster, is_given_up)
                if begun is not None:
                    await self._take(*begun, cluster, is_given_up)
            finally:
                await holds.free(cluster)
        except StoreFailed as error:
            # Whatever was begun in the database must not stay so: the end of the life ends it.
            self.life.end(str(error))

    async def _begin(
        self, holds: Holds, cluster: str, is_given_up: Callable[[], bool]
    ) -> tuple[int, Work] | None:
        """The number of the turn, and what is done in it; None where none may begin now."""
        is_ours, apply = await holds.take(cluster), self.kit.apply

        def begin(connection: StateConnection) -> tuple[int, Work] | None:
            if zone_of_turn(connection, cluster) not in self.zones:
                return None  # it was paused or moved while its job waited
            kind, work = LOOK, self.kit.look
            if apply is not None and is_apply_due(connection, cluster):
                kind, work = APPLY, apply
            turn = begin_turn(connection, cluster, kind, self.life.id, "") if is_ours else None
            put_forward(connection, [cluster], BUSY if turn is None else LONGEST)
            return None if turn is None else (turn, work)

        beginning = asyncio.ensure_future(self.state.write_as(self.life.id, begin))
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            if (begun := await beginning) is not None:
                await self._end(begun[0], cluster, CANCELLED, is_given_up())
            raise

    async def _take(
        self, turn: int, work: Work, cluster: str, is_given_up: Callable[[], bool]
    ) -> None:
        result = FAILED
        try:
            result = DONE if await work(cluster) else FAILED
        except asyncio.CancelledError:
            result = CANCELLED
            raise
        except StoreFailed:
            raise
        except Exception as error:  # noqa: BLE001  # a bug that one cluster shows holds up no other
            traceback.print_exception(error)
        finally:
            self.life.require()
            ending = asyncio.ensure_future(self._end(turn, cluster, result, is_given_up()))
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError:
                await ending
                raise

    async def _end(self, turn: int, cluster: str, result: str, given_up: bool) -> None:  # noqa: FBT001  # a fact of the turn
        def wait(failures: int) -> float:
            return wait_after(failures, self.interval, random.random)

        def end(connection: StateConnection) -> None:
            if not end_turn(connection, turn, result):
                return
            if result != CANCELLED:
                settle_due(connection, cluster, wait, failed=result == FAILED)
            elif given_up:
                put_forward(connection, [cluster], self.interval)
            else:
                request(connection, [cluster])

        await self.state.write_as(self.life.id, end)

"""The queue of a fleet: the turns of many processes, on one database (``watch.queue.Queue``)."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from reconciler import __version__, telemetry
from reconciler.errors import StoreFailed, WorkerLost
from reconciler.fleet.dispatch import (
    Dispatch,
    LifeJobs,
    Slots,
    dispatching,
    queue_of,
    register,
    work_on,
)
from reconciler.fleet.known_database import KnownDatabase
from reconciler.fleet.lives import APART, Life
from reconciler.fleet.scheduling import Ticks
from reconciler.fleet.sessions import open_session, place_of
from reconciler.fleet.sweeping import Sweeps, leave, session_name
from reconciler.fleet.transactions import Transactions
from reconciler.fleet.worker_turns import Kit, Turns
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_identity import Identity, read_identity
from reconciler.storage.fleet_schedule import put_off, request
from reconciler.storage.fleet_turns import turn_history
from reconciler.storage.fleet_workers import Life as LifeRow
from reconciler.storage.fleet_workers import begin_life, end_life
from reconciler.watch.commissions import DRAIN, PATIENCE
from reconciler.watch.queue import PastTurn, Work

# Seconds between two looks at how far the database has come.
REMEMBERED_APART = 10.0
# Seconds in which it is heard that a connection has ended.
BROKEN = 0.1
# Seconds until what was cancelled and has not ended is cancelled again: more than a turn may take for
# what has begun on hosts.
AGAIN = DRAIN + PATIENCE + 3.0


Equip: TypeAlias = "Callable[[Life], AbstractAsyncContextManager[Kit]]"


@dataclass(slots=True, eq=False)
class ServerQueue:
    """``bounds`` are the zones, each with how many of its clusters are at work at once in the fleet.

    ``known`` is the database that is meant: a life begins in no other.
    """

    info: str
    state: Transactions
    bounds: Mapping[str, int]
    interval: float
    slots: int = 32
    known: KnownDatabase | None = None
    life: Life | None = None
    _before: str = ""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def submit(self, names: Collection[str]) -> Sequence[str]:
        """As of ``Queue``. Raises StoreFailed."""
        found = await self.state.write(lambda connection: request(connection, names))
        self._wake.set()
        return found

    async def cancel(self, names: Collection[str]) -> Sequence[str]:
        """As of ``Queue``. What waited comes again when an interval is over. Raises StoreFailed."""
        ordered = sorted(set(names))
        due = await self.state.write(lambda c: put_off(c, ordered, self.interval))
        async with dispatching(self.info) as dispatch:
            cancelled = await dispatch.cancel(ordered)
        return [name for name in names if name in due or name in cancelled]

    async def history(self, name: str, limit: int) -> Sequence[PastTurn]:
        """As of ``Queue``. Raises StoreFailed."""
        turns = await self.state.read(lambda connection: turn_history(connection, name, limit))
        return [PastTurn(one.cluster, one.began, one.ended, one.result) for one in turns]

    async def run(self, work: Work) -> None:
        """As of ``Queue``, for one life. Raises WorkerLost at its end, StoreFailed."""
        await self.live(lambda _life: nullcontext(Kit(work)))

    async def live(self, equip: Equip) -> None:
        """Begin a life and work in it with what ``equip`` gives it. Raises as ``run``."""
        async with self._living() as life, equip(life) as kit:
            slots = Slots(tuple(map(queue_of, self.bounds)), self.slots)
            turns = Turns(self.state, life, kit, self.bounds, self.interval)
            async with dispatching(self.info, lambda c: LifeJobs(c, life, slots)) as dispatch:
                _heed_cancellation()
                register(dispatch.app, turns.take, kit.hear)
                await self._work(life, kit, dispatch, slots)

    async def _work(self, life: Life, kit: Kit, dispatch: Dispatch, slots: Slots) -> None:
        """Until it is cancelled, or the life is over: then nothing is waited for that it began."""
        ticks = Ticks(self.bounds, self.state, dispatch, self._wake)
        jobs: list[Callable[[], Awaitable[None]]] = [
            life.beat,
            self._remember,
            ticks.run,
            Sweeps(self.state, dispatch).run,
            lambda: work_on(dispatch, slots, APART),
            *kit.beside,
        ]
        tasks = [asyncio.ensure_future(job()) for job in jobs]
        ending = asyncio.ensure_future(life.ended.wait())
        try:
            await asyncio.wait([ending, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and not life.why and (error := task.exception()):
                    life.end(str(error))
                    if not isinstance(error, StoreFailed):
                        raise error
            life.end("a job of its worker has ended")
            raise WorkerLost(life.place, life.id, life.why)
        finally:
            if life.is_over:
                dispatch.break_off()
                self.state.break_off()
                # Who waits on them is told so first: a driver that is cancelled asks the server to
                # cancel, and waits for its answer.
                await asyncio.sleep(BROKEN)
            ending.cancel()
            # The heart beats while others come to their end.
            await _end(tasks[1:])
            await _end(tasks[:1])

    async def _remember(self) -> None:
        """For ever: what others begin counts as seen, too (``KnownDatabase``)."""
        while True:
            await asyncio.sleep(REMEMBERED_APART)
            found = await self.state.read(read_identity)
            if self.known is not None and found is not None:
                await asyncio.to_thread(self.known.remember, found)

    @asynccontextmanager
    async def _living(self) -> AsyncIterator[Life]:
        """A life, from its session to its end in the database, as far as that can be told."""
        worker = uuid.uuid4().hex
        session = await open_session(self.info, session_name(worker))
        try:
            row = LifeRow(
                worker,
                tuple(self.bounds),
                socket.gethostname(),
                os.getpid(),
                __version__,
                session.info.backend_pid,
            )
            found = await self.state.write(lambda connection: self._begin_life(connection, row))
            if self.known is not None and found is not None:
                self.known.remember(found)
            telemetry.info("worker-began", worker=worker, zones=" ".join(self.bounds))
            self.life = life = Life(worker, place_of(self.info), session)
            try:
                yield life
            finally:
                self.life, self._before = None, worker
                if not life.is_over:
                    life.end("it has ended")
                    with suppress(StoreFailed):
                        await self.state.write(lambda connection: _end_life(connection, worker))
        finally:
            await session.close()

    def _begin_life(self, connection: StateConnection, row: LifeRow) -> Identity | None:
        if self.known is not None:
            self.known.check(connection)
        if self._before:
            _end_life(connection, self._before)  # nobody waits until it is silent long enough
        number = begin_life(connection, row)
        found = read_identity(connection)
        return replace(found, life=number) if found else None


def _heed_cancellation() -> None:
    """As ``_end``: one that came while the pool was opened is forgotten. Raises CancelledError."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _end(tasks: Sequence[asyncio.Future[None]]) -> None:
    """Cancel until all have ended: ``asyncio.wait_for`` of Python 3.11, by which the pool of connections
    waits, forgets a cancellation that comes as its future is done (CPython issue 86296)."""
    going: Collection[asyncio.Future[None]] = tasks
    while going:
        for task in going:
            task.cancel()
        _, going = await asyncio.wait(going, timeout=AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)


def _end_life(connection: StateConnection, worker: str) -> None:
    leave(connection, worker)
    end_life(connection, worker)

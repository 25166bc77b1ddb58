"""A worker of a fleet: one life after the other, until a signal ends it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

from reconciler import telemetry
from reconciler.errors import StoreFailed
from reconciler.execution.run_following import RunFollower
from reconciler.fleet.apply_turns import Applies, follow_rollouts
from reconciler.fleet.known_database import KnownDatabase
from reconciler.fleet.lives import Life
from reconciler.fleet.look_turns import Looks
from reconciler.fleet.server_disk import ServerDisk
from reconciler.fleet.server_queue import ServerQueue
from reconciler.fleet.sessions import conninfo
from reconciler.fleet.syncing import Syncing
from reconciler.fleet.transactions import Transactions
from reconciler.fleet.worker_turns import Kit
from reconciler.model.desired import Member
from reconciler.model.fleet import Fleet
from reconciler.model.plan import Command, Completed
from reconciler.model.ssh_access import Ssh
from reconciler.storage.database import Database
from reconciler.storage.private import RUNS
from reconciler.storage.server_address import ServerAddress, for_writing
from reconciler.watch.cluster_turns import Turns
from reconciler.watch.following import follow_runs
from reconciler.watch.healers import Healers
from reconciler.watch.keeping import Keeping
from reconciler.watch.listeners import Listener
from reconciler.watch.pulse import Pulse, beat
from reconciler.watch.stored_runs import StoredRuns
from reconciler.watch.stores import Store
from reconciler.watch.systemd import READY, STOPPING, Supervisor
from reconciler.watch.workers import RunOn, Workers

# Seconds between two lives: the second wait is twice the first, and so on.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
# Who else hears of rounds in a life, told what keeps it.
Listening: TypeAlias = Callable[[Keeping], Sequence[Listener]]


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What a worker is made of. ``address`` is where its database is.

    ``try_again`` is told of clusters that somebody asks for: their hosts are tried, whatever became of
    them.
    """

    fleet: Fleet
    zones: Sequence[str]
    address: ServerAddress
    database: Database
    directory: Path
    run_on: RunOn
    supervisor: Supervisor
    wall: Callable[[], datetime]
    new_run: Callable[[], str]
    slots: int
    listening: Listening = lambda _keeping: ()
    try_again: Callable[[Collection[str]], None] = lambda _clusters: None


@dataclass(slots=True, eq=False)
class Worker:
    """One process that works; ``pulse`` is how late its loop is."""

    parts: WorkerParts
    pulse: Pulse = field(default_factory=Pulse)
    queue: ServerQueue = field(init=False)
    _workers: Workers = field(init=False)
    _state: Transactions = field(init=False)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped_by: int = 0
    _lived: bool = False

    def __post_init__(self) -> None:
        parts = self.parts
        self._state = Transactions(parts.database)
        self._workers = Workers(max(1, os.cpu_count() or 1), self._run_on)
        known = KnownDatabase(parts.directory / "fleet.json", parts.database.place)
        bounds = {
            zone.name: zone.at_once for zone in parts.fleet.zones if zone.name in parts.zones
        }
        interval = parts.fleet.interval.total_seconds()
        self.queue = ServerQueue(
            conninfo(for_writing(parts.address).url),
            self._state,
            bounds,
            interval,
            slots=parts.slots,
            known=known,
        )

    async def run(self) -> int:
        """Work until a signal ends it; the number of that signal.

        Raises StoreFailed where the first life cannot begin.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number)
        pulse = asyncio.ensure_future(beat(self.parts.supervisor, self.pulse))
        try:
            await self._live_on()
        finally:
            pulse.cancel()
            await self._workers.close()
            await self._state.close()
        return self._stopped_by

    async def _live_on(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            began = asyncio.get_running_loop().time()
            error = await self._live()
            if error is not None and not (isinstance(error, StoreFailed) and self._lived):
                raise error
            if self._stop.is_set():
                break
            if asyncio.get_running_loop().time() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            code = error.code if isinstance(error, StoreFailed) else ""
            telemetry.warning("worker-died", code=code or None, message=str(error), again=pause)
            self.parts.supervisor.tell_status(f"not working: {error}")
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stop.wait()
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _live(self) -> BaseException | None:
        """One life, to its end or to a signal: what ended it, nothing for a signal."""
        living = asyncio.ensure_future(self.queue.live(self._equip))
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait([living, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if living.done():
            return living.exception()
        telemetry.info("stopping", signal=signal.Signals(self._stopped_by).name)
        self.parts.supervisor.tell(STOPPING)
        living.cancel()
        await asyncio.wait([living])
        return None if living.cancelled() else living.exception()

    @asynccontextmanager
    async def _equip(self, life: Life) -> AsyncIterator[Kit]:
        """What a life works with: all that it knows of clusters is of this life."""
        parts = self.parts
        records = parts.directory / RUNS
        disk = ServerDisk(replace(parts.database, worker=life.id), records)
        keeping = Keeping(Store(disk), parts.wall)
        turns = Turns(
            workers=self._workers,
            healers=Healers(records),
            keeping=keeping,
            others=StoredRuns(disk.database),
            wall=parts.wall,
            new_run=parts.new_run,
            listeners=parts.listening(keeping),
        )
        looks = Looks(parts.fleet, self._state, turns, life, parts.new_run, self.queue.submit)
        storing = partial(self._state.write_as, life.id)
        syncing = Syncing(parts.fleet, parts.directory, self._workers, storing)
        applies = Applies(self._state, life, records, looks.find_wish, parts.new_run)
        follower = RunFollower(records, disk.open_database)
        self._lived = True
        self.parts.supervisor.tell(READY)
        self.parts.supervisor.tell_status(f"working in {len(self.queue.bounds)} zones")
        try:
            beside = (
                syncing.follow,
                looks.follow,
                keeping.prune,
                lambda: follow_runs(keeping, follower.follow, lambda _change: None),
                lambda: follow_rollouts(self._state, life),
            )
            yield Kit(looks.take, applies.take, beside, lambda name: parts.try_again([name]))
        finally:
            for listener in turns.listeners:
                await listener.close()
            await applies.close()
            await turns.close()
            await keeping.close()

    async def _run_on(
        self, cluster: str, ssh: Ssh, member: Member, command: Command
    ) -> Completed:
        """A dead worker asks no host anything: who waits for an answer is cancelled at once."""
        life = self.queue.life
        if life is None or life.is_over:
            await asyncio.get_running_loop().create_future()
        return await self.parts.run_on(cluster, ssh, member, command)

    def _end(self, number: int) -> None:
        self._stopped_by = number
        self._stop.set()

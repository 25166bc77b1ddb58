"""The daemon: looks at each cluster when it is due, follows the files, stops when it is told to."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from reconciler import telemetry
from reconciler.model.quantities import with_count
from reconciler.watch.cluster_turns import CHANGED, Turns
from reconciler.watch.connections import Connections
from reconciler.watch.file_reader import Reader
from reconciler.watch.keeping import Keeping
from reconciler.watch.pulse import Pulse, beat
from reconciler.watch.queue import LocalQueue
from reconciler.watch.sources import Sources
from reconciler.watch.systemd import READY, STOPPING, Supervisor
from reconciler.watch.terminals import has_terminal
from reconciler.watch.wish import Wish, Wishes

# What else is done until the daemon stops; one that ends with an error ends the daemon.
Job: TypeAlias = Callable[[], Coroutine[None, None, None]]
ENDS = frozenset({signal.SIGTERM, signal.SIGINT})
FILES_APART = 1.0  # seconds between two looks at the files
SETTLED = 0.2  # seconds after a shell's last SIGHUP its terminal is no longer ours, for sure


@dataclass(frozen=True, slots=True)
class Parts:
    """What the daemon is made of. ``new_run`` names a round; ``jobs`` are begun with it.

    ``ends`` are the signals that end it; SIGHUP else has all files read again.
    """

    sources: Sources
    queue: LocalQueue
    turns: Turns
    connections: Connections
    supervisor: Supervisor
    new_run: Callable[[], str]
    jobs: Sequence[Job] = ()
    ends: frozenset[signal.Signals] = ENDS


@dataclass(slots=True, eq=False)
class Daemon:
    """One process that watches; ``wishes`` is what it watches, ``pulse`` how late its loop is."""

    parts: Parts
    wishes: Wishes = field(default_factory=lambda: Wishes({}, {}))
    pulse: Pulse = field(default_factory=Pulse)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _reread: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped_by: int = 0
    _reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        turns, keeping = self.parts.turns, self._keeping
        doors = (keeping.ask, keeping.tell_trouble)
        self._reader = Reader(
            self.parts.sources, turns.workers, keeping.store.disk, *doors, keeping.wall
        )

    @property
    def _keeping(self) -> Keeping:
        return self.parts.turns.keeping

    async def load(self) -> Wishes:
        """Reads all files for the first time; what they say, and what is wrong with them.

        From then on signals are heard.
        """
        self._listen()
        await self._keeping.keep(self._keeping.store.load)
        await self._take_over(await self._reader.begin())
        # What is there by now stays: the collector of garbage walks through it no more.
        gc.collect()
        gc.freeze()
        return self.wishes

    async def run(self) -> int:
        """Watches until a signal ends it; the number of that signal."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._follow_files()),
                    group.create_task(self.parts.queue.run(self._take_turn)),
                    group.create_task(self._keeping.prune()),
                    group.create_task(beat(self.parts.supervisor, self.pulse)),
                    *(group.create_task(job()) for job in self.parts.jobs),
                ]
                self.parts.supervisor.tell(READY)
                await self._stop.wait()
                self.parts.supervisor.tell(STOPPING)
                self.parts.turns.halt(self.wishes.clusters, "the daemon ends")
                telemetry.info("stopping", signal=signal.Signals(self._stopped_by).name)
                for task in tasks:
                    task.cancel()
        finally:
            await self._close()
        return self._stopped_by

    async def _close(self) -> None:
        """Commands on hosts that only look end with their connections."""
        turns = self.parts.turns
        for listener in turns.listeners:
            await listener.close()
        await turns.workers.close()
        await turns.close()
        await self.parts.connections.close()
        await self._keeping.close()

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        rereads: Callable[[], object] = self._reread.set
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and has_terminal():
            rereads = partial(loop.call_later, SETTLED, self._hang_up)
        loop.add_signal_handler(signal.SIGHUP, rereads)
        for number in self.parts.ends:
            loop.add_signal_handler(number, self._end, number)
        loop.add_signal_handler(signal.SIGUSR1, self.request_all)

    def _hang_up(self) -> None:
        """What was begun on a terminal ends with it; that it is still there means: read the files."""
        if has_terminal():
            self._reread.set()
        else:
            self._end(signal.SIGHUP)

    def _end(self, number: int) -> None:
        self._stopped_by = number
        self._stop.set()

    def request_all(self) -> None:
        """Each cluster is looked at as soon as there is room."""
        telemetry.info("all-requested", clusters=len(self.wishes.clusters))
        self.parts.connections.try_again()
        self.parts.queue.request(self.wishes.clusters)

    async def _follow_files(self) -> None:
        while True:
            try:
                async with asyncio.timeout(FILES_APART):
                    await self._reread.wait()
            except TimeoutError:
                pass
            else:
                self._reread.clear()
                self.parts.sources.forget_signatures()
                await self.parts.connections.renew()
                telemetry.info("files-read-again")
            await self._read_files()

    async def _read_files(self) -> None:
        await self._take_over(await self._reader.read())

    async def _take_over(self, wishes: Wishes) -> None:
        """What is new or another is due at once; what is wrong with a file is told once."""
        before = self.wishes
        if wishes is before or wishes == before:
            return
        ages = (
            await self._keeping.ask(self._ages)
            if wishes.clusters.keys() - before.clusters
            else {}
        )
        # From here on nothing is waited for: who asks for a look now asks for one at these.
        self.wishes, queue = wishes, self.parts.queue
        queue.follow(wishes.clusters, ages)
        _tell_files(before, wishes)
        for name, old in before.clusters.items():
            wish = wishes.clusters.get(name)
            is_as_good = wish is not None and bool(old.wrong) == bool(wish.wrong)
            if wish is not None and not (is_as_good and old.desired == wish.desired):
                self.parts.connections.try_again({name})
                queue.request([name])
            if wish != old:
                self.parts.turns.halt([name], CHANGED)
        self._tell_status()
        if gone := before.clusters.keys() - wishes.clusters.keys():
            self.parts.turns.forget(gone)
            self.parts.connections.try_again(gone)
            await self._keeping.keep(lambda: self._keeping.store.forget(gone))

    def _ages(self) -> Mapping[str, float]:
        now, store = self._keeping.wall(), self._keeping.store
        return {n: (now - at).total_seconds() for n, at in store.last_rounds().items()}

    async def _take_turn(self, name: str) -> bool:
        """One round of a cluster; what may be healed is, and then one looks again."""
        learnt = True
        if wish := self.wishes.clusters.get(name):
            with telemetry.bind_fields(cluster=name, run=self.parts.new_run()):
                learnt = await self._look_and_heal(wish)
        if waiting := self.parts.turns.next_put_off():
            await self.parts.queue.submit([waiting])
        return learnt

    async def _look_and_heal(self, wish: Wish) -> bool:
        """Whether anything was learnt."""
        turns, name = self.parts.turns, wish.cluster.name

        def is_wanted() -> bool:
            return self.wishes.clusters.get(name) == wish

        try:
            result = await turns.look(wish, lambda: name in self.wishes.clusters)
            is_due = result.heals and is_wanted()
            if is_due and await turns.heal(wish, result, is_wanted):
                await self.parts.queue.submit([name])
        finally:
            turns.leave_room(name)
        return not result.is_failed

    def _tell_status(self) -> None:
        broken = len(self.wishes.problems)
        words = f"watching {with_count(len(self.wishes.clusters), 'cluster')}"
        self.parts.supervisor.tell_status(
            f"{words}, {broken} files are wrong" if broken else words
        )


def _tell_files(before: Wishes, now: Wishes) -> None:
    """What is watched from now on, and each problem of a file that was not told yet."""
    came, went = now.clusters.keys() - before.clusters, before.clusters.keys() - now.clusters
    if came or went:
        telemetry.info("watching", clusters=len(now.clusters), new=len(came), gone=len(went))
    for name in before.problems.keys() - now.problems:
        telemetry.info("file-good-again", file=name)
    for name, problems in now.problems.items():
        if before.problems.get(name) == problems:
            continue
        kept = sorted(c for c, wish in now.clusters.items() if wish.file == name)
        for one in problems:
            telemetry.warning(
                "file-wrong",
                place=f"{one.file}:{one.line}:{one.column}",
                code=one.code,
                message=one.message,
                hint=one.hint or None,
                still_watched=" ".join(kept) or None,
            )

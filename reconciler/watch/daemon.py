"""The daemon: looks at each cluster when it is due, follows the files, stops when it is told to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from reconciler import telemetry
from reconciler.errors import WorkFailed
from reconciler.model.watched import Told, TroubleKey
from reconciler.watch.connections import Connections
from reconciler.watch.file_reader import Reader
from reconciler.watch.listeners import Listener
from reconciler.watch.news import News, news_of
from reconciler.watch.pulse import Pulse, beat
from reconciler.watch.result import RoundResult
from reconciler.watch.schedule import Schedule
from reconciler.watch.sources import Sources, Wish, Wishes
from reconciler.watch.stores import Store
from reconciler.watch.systemd import READY, STOPPING, Supervisor
from reconciler.watch.workers import Workers

T = TypeVar("T")
# Seconds between two looks at the files; a round that lasts longer is given up.
FILES_APART = 1.0
LONGEST_ROUND = 900.0
# Seconds between two looks for history that is old.
PRUNED_APART = 3600.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the daemon is made of. ``wall`` is the clock of people, ``new_run`` names a round."""

    sources: Sources
    schedule: Schedule
    workers: Workers
    connections: Connections
    store: Store
    supervisor: Supervisor
    wall: Callable[[], datetime]
    new_run: Callable[[], str]
    listeners: Sequence[Listener] = ()


@dataclass(slots=True, eq=False)
class Daemon:
    """One process that watches; ``wishes`` is what it watches, ``pulse`` how late its loop is."""

    parts: Parts
    wishes: Wishes = field(default_factory=lambda: Wishes({}, {}))
    pulse: Pulse = field(default_factory=Pulse)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _due: asyncio.Event = field(default_factory=asyncio.Event)
    _reread: asyncio.Event = field(default_factory=asyncio.Event)
    _storing: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _stopped_by: int = 0
    _trouble: str = ""
    _reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        parts, doors = self.parts, (self._in_store, self._tell_trouble)
        self._reader = Reader(
            parts.sources, parts.workers, parts.store.disk, *doors, parts.wall
        )

    async def load(self) -> Wishes:
        """Reads all files for the first time; what they say, and what is wrong with them.

        From then on signals are heard.
        """
        self._listen()
        self._tell_trouble(await self._in_store(self.parts.store.load))
        await self._take_over(await self._reader.begin())
        return self.wishes

    async def run(self) -> int:
        """Watches until a signal ends it; the number of that signal."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._follow_files()),
                    group.create_task(self._take_turns()),
                    group.create_task(self._prune()),
                    group.create_task(beat(self.parts.supervisor, self.pulse)),
                ]
                self.parts.supervisor.tell(READY)
                await self._stop.wait()
                self.parts.supervisor.tell(STOPPING)
                telemetry.info("stopping", signal=signal.Signals(self._stopped_by).name)
                for task in tasks:
                    task.cancel()
        finally:
            await self._close()
        return self._stopped_by

    async def _close(self) -> None:
        """Commands on hosts that only look end with their connections."""
        for listener in self.parts.listeners:
            await listener.close()
        await self.parts.workers.close()
        await self.parts.connections.close()
        await self._in_store(self.parts.store.close)
        self._storing.shutdown()

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number)
        loop.add_signal_handler(signal.SIGHUP, self._reread.set)
        loop.add_signal_handler(signal.SIGUSR1, self.request_all)

    def _end(self, number: int) -> None:
        self._stopped_by = number
        self._stop.set()

    def request_all(self) -> None:
        """Each cluster is looked at as soon as there is room."""
        telemetry.info("all-requested", clusters=len(self.wishes.clusters))
        self.parts.schedule.request_all(self._now())
        self._due.set()

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
        if wishes == before:
            return
        ages = (
            await self._in_store(self._ages) if wishes.clusters.keys() - before.clusters else {}
        )
        # From here on nothing is waited for: who asks for a look now asks for one at these.
        self.wishes, now, schedule = wishes, self._now(), self.parts.schedule
        schedule.follow(wishes.clusters, now, ages)
        _tell_files(before, wishes)
        for name, wish in wishes.clusters.items():
            old = before.clusters.get(name)
            if old is not None and old.desired != wish.desired:
                schedule.request(name, now)
        self._due.set()
        self._tell_status()
        if gone := before.clusters.keys() - wishes.clusters.keys():
            self._tell_trouble(await self._in_store(lambda: self.parts.store.forget(gone)))

    def _ages(self) -> Mapping[str, float]:
        now = self.parts.wall()
        return {
            n: (now - at).total_seconds() for n, at in self.parts.store.last_rounds().items()
        }

    async def _take_turns(self) -> None:
        """Starts what is due; a cluster's rounds end with this."""
        schedule = self.parts.schedule
        async with asyncio.TaskGroup() as rounds:
            while True:
                self._due.clear()
                for name in schedule.take(self._now()):
                    rounds.create_task(self._take_turn(name))
                try:
                    async with asyncio.timeout(schedule.seconds_to_next(self._now())):
                        await self._due.wait()
                except TimeoutError:
                    pass

    async def _take_turn(self, name: str) -> None:
        """One round of a cluster. One that is not wanted any more leaves nothing behind."""
        failed = False
        if wish := self.wishes.clusters.get(name):
            with telemetry.bind_fields(cluster=name, run=self.parts.new_run()):
                result = await self._observe(wish)
                failed = result.is_failed
                if name in self.wishes.clusters:
                    await self._record(wish, result)
        self.parts.schedule.finish(name, self._now(), failed=failed)
        self._due.set()

    async def _record(self, wish: Wish, result: RoundResult) -> None:
        store = self.parts.store
        recorded = await self._in_store(lambda: store.record(wish.file, result))
        for news in news_of(result, recorded):
            _tell_news(news)
        self._tell_trouble(recorded.trouble)
        if known := store.memory.clusters.get(result.cluster):
            for listener in self.parts.listeners:
                listener.hear(wish, result, recorded, known)

    def _tell_trouble(self, trouble: str) -> None:
        """That nothing can be kept is told once, and its end."""
        before, self._trouble = self._trouble, trouble
        if trouble and trouble != before:
            telemetry.warning("state-not-kept", message=trouble)
        elif before and not trouble:
            telemetry.info("state-kept-again")

    async def _prune(self) -> None:
        store, wall = self.parts.store, self.parts.wall
        while True:
            await asyncio.sleep(PRUNED_APART)
            self._tell_trouble(await self._in_store(lambda: store.prune(wall())))

    async def _observe(self, wish: Wish) -> RoundResult:
        began, moment, store = self._now(), self.parts.wall(), self.parts.store
        full_in = await self._in_store(lambda: store.full_in(wish.cluster, moment))
        try:
            async with asyncio.timeout(LONGEST_ROUND):
                result = await self.parts.workers.observe(wish.desired, full_in, moment)
        except TimeoutError:
            words = f"it did not end within {LONGEST_ROUND:g} s"
            result = RoundResult(wish.cluster.name, moment, 0.0, failure=words)
        except WorkFailed as error:
            result = RoundResult(wish.cluster.name, moment, 0.0, failure=str(error))
        result = replace(result, seconds=self._now() - began)
        telemetry.debug(
            "round-ended",
            seconds=result.seconds,
            drift=len(result.drift),
            actions=len(result.steps),
            plan=result.plan_id,
            unreachable=len(result.unreachable),
        )
        return result

    def _tell_status(self) -> None:
        broken = len(self.wishes.problems)
        words = f"watching {len(self.wishes.clusters)} clusters"
        self.parts.supervisor.tell_status(
            f"{words}, {broken} files are wrong" if broken else words
        )

    async def load_told(self, cluster: str, receiver: str) -> Mapping[TroubleKey, Told]:
        """What a receiver was told of a cluster."""
        return await self._in_store(lambda: self.parts.store.load_told(cluster, receiver))

    async def keep_told(
        self, cluster: str, receiver: str, told: Mapping[TroubleKey, Told]
    ) -> None:
        """A receiver was told it."""
        store, wall = self.parts.store, self.parts.wall
        self._tell_trouble(
            await self._in_store(lambda: store.keep_told(cluster, receiver, told, wall()))
        )

    async def _in_store(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._storing, call)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _tell_news(news: News) -> None:
    tell = telemetry.warning if news.level == "warning" else telemetry.info
    tell(news.event, **news.fields)


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

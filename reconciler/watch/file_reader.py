"""Reads the files that are watched, and remembers what each said when it was last good."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from reconciler import telemetry
from reconciler.errors import StoreFailed, WorkFailed
from reconciler.model.problems import Problem
from reconciler.storage.kept_files import KeptFile
from reconciler.watch.messages import Loaded
from reconciler.watch.sources import Sources
from reconciler.watch.state_disk import Disk
from reconciler.watch.wish import Wishes
from reconciler.watch.workers import Workers

T = TypeVar("T")


class Storing(Protocol):
    """Runs a call of the store where it may wait."""

    def __call__(self, call: Callable[[], T]) -> Awaitable[T]:
        """What the call returns."""


@dataclass(slots=True, eq=False)
class Reader:
    """What files say now, or said when they were good.

    ``tell`` hears why nothing can be kept, or that it can; ``wall`` is the clock of people.

    What they said is kept on the disk, so that a daemon that starts while a file is broken goes
    on with it.
    """

    sources: Sources
    workers: Workers
    disk: Disk | None
    storing: Storing
    tell: Callable[[str], None]
    wall: Callable[[], datetime]
    _aside: Path | None = None

    async def begin(self) -> Wishes:
        """Read all for the first time: of what is broken, what an earlier daemon knew."""
        if (disk := self.disk) is None:
            return await self._look()
        with suppress(StoreFailed):  # it is told where rounds are loaded
            self.sources.expect(await self.storing(disk.kept_places))
        await self._look()
        async with asyncio.TaskGroup() as group:
            for name, file in self.sources.lacking_files().items():
                group.create_task(self._recall(disk, name, file))
        wishes = self.sources.wishes()
        await self._keep()
        return wishes

    async def read(self) -> Wishes:
        """Read what has changed, and remember what is good; all of it where the disk was begun anew."""
        if self.disk is not None and self.disk.aside != self._aside:
            self._aside = self.disk.aside
            self.sources.forget_signatures()
        wishes = await self._look()
        await self._keep()
        return wishes

    async def _look(self) -> Wishes:
        due = await asyncio.to_thread(self.sources.scan)
        async with asyncio.TaskGroup() as group:
            for path in due:
                group.create_task(self._read_file(path))
        return self.sources.wishes()

    async def _keep(self) -> None:
        unkept, lost, disk = self.sources.unkept_files(), self.sources.lost_files(), self.disk
        if disk is None or not (unkept or lost):
            return
        now = self.wall()
        good = [KeptFile(one.place, one.file, one.text, now) for one in unkept.values()]
        try:
            await self.storing(lambda: disk.keep_files(good, lost.values()))
        except StoreFailed as error:
            self.tell(str(error))
            return
        self.sources.keep(unkept)
        self.sources.forget(lost)
        self.tell("")

    async def _read_file(self, path: str) -> None:
        found = await self._load(path, None)
        if isinstance(found, Loaded):
            self.sources.put(path, found.desired, found.text)
        else:
            self.sources.put(path, found)

    async def _load(self, path: str, text: str | None) -> Loaded | tuple[Problem, ...]:
        try:
            return await self.workers.load(path, text)
        except WorkFailed as error:
            return (Problem(path, 1, 1, "file-unread", str(error)),)

    async def _recall(self, disk: Disk, name: str, file: str) -> None:
        kept = None
        with suppress(StoreFailed):
            kept = await self.storing(lambda: disk.load_kept_file(file))
        if kept is None:
            return
        found = await self._load(name, kept.text)
        if isinstance(found, Loaded):
            self.sources.recall(name, found.desired)
            kept_at = kept.at.isoformat(timespec="seconds")
            telemetry.info("file-remembered", file=name, kept=kept_at)

"""From the source to the database: what each file says, and so which clusters are wanted.

One worker at a time begins; what it found counts unless another has taken over something else
meanwhile. Until it is written nothing of it is wanted, then all of it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar

from reconciler import telemetry
from reconciler.errors import SourceFailed, StoreFailed, WorkerLost, WorkFailed
from reconciler.fleet.checkout import Checkout, Taken
from reconciler.fleet.folder import read_folder
from reconciler.fleet.snapshot import Snapshot, SourceFile
from reconciler.fleet.wishes import (
    Decided,
    Found,
    Said,
    Version,
    decide,
    problem_words,
    read_problems,
    say,
)
from reconciler.loading import digest
from reconciler.loading.claims import Claim
from reconciler.model.fleet import Fleet
from reconciler.model.problems import Problem
from reconciler.storage.database import StateConnection
from reconciler.storage.fleet_files import (
    NEVER,
    FleetChange,
    FleetFile,
    FleetSource,
    Wanted,
    claim_fetch,
    fleet_files,
    fleet_source,
    keep_fleet_files,
    set_fleet_source,
)
from reconciler.storage.fleet_schedule import fleet_clusters
from reconciler.watch.messages import Loaded
from reconciler.watch.workers import Workers

T = TypeVar("T")
# Files that are read by the processes at once: each is in memory twice meanwhile.
AT_ONCE = 16
# Of a file that a process has failed to read: it is read once more.
UNREAD = "file-unread"
NOTHING = FleetChange()


class Storing(Protocol):
    """Runs a call in one transaction of the database, where it may wait. Raises StoreFailed."""

    def __call__(self, work: Callable[[StateConnection], T]) -> Awaitable[T]:
        """What the call returns."""


@dataclass(frozen=True, slots=True)
class _Before:
    """What the database has: files by name, and the clusters of each with their zones."""

    files: Mapping[str, FleetFile]
    clusters: Mapping[str, tuple[tuple[str, str], ...]]


@dataclass(slots=True, eq=False)
class Syncing:
    """Keeps what is wanted current; ``state`` is the directory of this worker's own things."""

    fleet: Fleet
    state: Path
    workers: Workers
    storing: Storing
    _checkout: Checkout | None = None
    _said: dict[tuple[str, str], Said] = field(default_factory=dict)
    _settled: tuple[str, str] | None = None  # address and commit, once this worker has read it

    async def follow(self) -> None:
        """For ever: keep current what is wanted. Raises WorkerLost."""
        every, told = self.fleet.source.every.total_seconds(), ""
        while True:
            try:
                await self.sync()
                told = ""
            except WorkerLost:
                raise
            except StoreFailed as error:
                if str(error) != told:
                    telemetry.warning("source-not-kept", message=str(error))
                told = str(error)
            await asyncio.sleep(every)

    async def sync(self) -> FleetChange:
        """Look at the source, if nobody has for as long as the settings say; what that changes.

        What is wrong with the source is kept beside what was taken over last, and told. Raises
        StoreFailed.
        """
        every, source = self.fleet.source.every, self.fleet.source
        began = await self.storing(lambda c: claim_fetch(c, every))
        if began is None:
            return NOTHING
        address = source.git or source.directory or ""
        ref = source.ref if source.git else ""
        before = await self.storing(fleet_source) or FleetSource("", ref, NEVER, "")
        try:
            snapshot = await self._read(before)
        except SourceFailed as error:
            await self._fail(before, error)
            return NOTHING
        commit = before.commit if snapshot is None else snapshot.commit
        now = FleetSource(commit, ref, began, "", address)
        return await self._take(before, now, snapshot)

    async def _read(self, before: FleetSource) -> Snapshot | None:
        """What the source says; None where this worker has read the same already."""
        source = self.fleet.source
        if source.git is None:
            return await asyncio.to_thread(read_folder, source.directory or "")
        if self._checkout is None:
            self._checkout = Checkout(self.state, source)
        taken = Taken(before.address, before.ref, before.commit)
        commit = await self._checkout.look(taken)
        if commit == before.commit and self._settled == (source.git, commit):
            return None
        return await self._checkout.read(commit)

    async def _fail(self, before: FleetSource, error: SourceFailed) -> None:
        problem = f"{error.code}: {error}"
        await self.storing(lambda c: set_fleet_source(c, replace(before, problem=problem)))
        if problem != before.problem:
            telemetry.warning("source-failed", code=error.code, message=str(error))

    async def _take(
        self, before: FleetSource, now: FleetSource, snapshot: Snapshot | None
    ) -> FleetChange:
        if snapshot is None:
            await self.storing(lambda c: set_fleet_source(c, now))
            return NOTHING
        known = await self.storing(_known)
        found = await self._find(snapshot, known)
        zones = [zone.name for zone in self.fleet.zones]
        decided = await asyncio.to_thread(decide, found, zones)
        files = [file for one in decided if (file := _file(one, known, snapshot, now))]
        wanted = [
            Wanted(name, one.found.name, zone)
            for one in decided
            if one.version is not None
            for name, zone in one.version.said.clusters
        ]

        def write(connection: StateConnection) -> FleetChange | None:
            if not set_fleet_source(connection, now, before):
                return None
            return keep_fleet_files(connection, files, wanted)

        change = await self.storing(write)
        if change is None:
            telemetry.info("source-outpaced", commit=now.commit)
            return NOTHING
        is_read = all(p.code != UNREAD for one in decided for p in one.problems)
        if now.commit and is_read:
            self._settled = (now.address, now.commit)
        _tell(before, now, change)
        _tell_files(known, files)
        return change

    async def _find(self, snapshot: Snapshot, known: _Before) -> Sequence[Found]:
        """Each file, read by the processes where it is not known what its text says."""
        room = asyncio.Semaphore(AT_ONCE)
        left = [name for name in snapshot.unsettled if name in known.files]
        fresh: dict[tuple[str, str], Said] = {}

        async def find(name: str, file: SourceFile | None) -> Found:
            async with room:
                before = await self._before(name, known, fresh)
                if file is None or file.text is None:
                    return Found(name, None, before, file.problems if file else ())
                said = await self._say(name, file.text, fresh)
            if isinstance(said, Said):
                return Found(name, Version(file.text, said), before)
            return Found(name, None, before, said)

        work = [find(file.name, file) for file in snapshot.files]
        work += [find(name, None) for name in left]
        found = await asyncio.gather(*work)
        self._said = fresh
        return found

    async def _before(
        self, name: str, known: _Before, fresh: dict[tuple[str, str], Said]
    ) -> Version | None:
        """The file as it was taken over last; one that cannot be read any more wants what it did."""
        file = known.files.get(name)
        if file is None or not file.text:
            return None
        said = await self._say(name, file.text, fresh)
        if not isinstance(said, Said):
            said = Said(known.clusters.get(name, ()), Claim((), ()))
        return Version(file.text, said)

    async def _say(
        self, name: str, text: str, fresh: dict[tuple[str, str], Said]
    ) -> Said | tuple[Problem, ...]:
        key = (name, digest(text))
        if (said := fresh.get(key) or self._said.get(key)) is None:
            try:
                loaded = await self.workers.load(name, text)
            except WorkFailed as error:
                return (Problem(name, 1, 1, UNREAD, str(error)),)
            if not isinstance(loaded, Loaded):
                return loaded
            said = say(loaded.desired)
        fresh[key] = said
        return said


def _known(connection: StateConnection) -> _Before:
    clusters: dict[str, tuple[tuple[str, str], ...]] = {}
    for one in fleet_clusters(connection):
        clusters[one.file] = (*clusters.get(one.file, ()), (one.name, one.zone))
    return _Before({file.file: file for file in fleet_files(connection)}, clusters)


def _file(
    one: Decided, known: _Before, snapshot: Snapshot, now: FleetSource
) -> FleetFile | None:
    """What is kept of a file. Of one that is just written: what is kept of it already."""
    name, before = one.found.name, known.files.get(one.found.name)
    if name in snapshot.unsettled:
        return before
    problem, text = problem_words(one.problems), one.version.text if one.version else None
    if before is not None and text in {None, before.text}:
        return replace(before, problem=problem)
    return FleetFile(name, text or "", now.commit, problem, now.fetched_at)


def _tell(before: FleetSource, now: FleetSource, change: FleetChange) -> None:
    if before.address and (before.address, before.ref) != (now.address, now.ref):
        telemetry.warning(
            "source-changed", before=f"{before.address} {before.ref}".strip(), now=now.address
        )
    if change != NOTHING or before.commit != now.commit:
        counts = {key: len(getattr(change, key)) for key in ("new", "changed", "gone")}
        telemetry.info("source-taken", commit=now.commit, ref=now.ref, **counts)


def _tell_files(known: _Before, files: Sequence[FleetFile]) -> None:
    """Each problem once, by who has found it first; a file that is gone has none any more."""
    wrong = {one.file: one.problem for one in files if one.problem}
    for name, file in known.files.items():
        if file.problem and name not in wrong:
            telemetry.info("file-good-again", file=name)
    for name, words in wrong.items():
        if name not in known.files or known.files[name].problem != words:
            for one in read_problems(name, words):
                place = f"{name}:{one.line}:{one.column}"
                told = {"place": place, "code": one.code, "message": one.message}
                telemetry.warning("file-wrong", **told)

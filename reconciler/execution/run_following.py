"""Records of runs followed while they grow: each look reads what is new, and nothing where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from reconciler.errors import StoreFailed
from reconciler.execution.journal import Content, Record, parse_record, read_content
from reconciler.execution.run_index import (
    ENDED,
    FRESH,
    OBSERVED,
    STARTED,
    approvals,
    describe_run,
    index_content,
    index_runs,
)
from reconciler.model.outcome import AT_WORK
from reconciler.storage.approvals import store_approval
from reconciler.storage.database import Database
from reconciler.storage.runs import StoredRun, extend_run

# Records that are read at one look: who has thousands of them holds up nobody.
MOST = 50
# What of a record the whole of it is described by, beside how many lines it has.
_DESCRIBING = frozenset({STARTED, OBSERVED, ENDED})


@dataclass(frozen=True, slots=True)
class RunChange:
    """What became of a run since the last look: it began or ended, or it has only grown."""

    run: str
    clusters: tuple[str, ...]
    result: str
    lines: int
    has_grown: bool


@dataclass(frozen=True, slots=True)
class _Tail:
    """How far a record was read: so many bytes and lines, up to the hash ``record.head``."""

    stored: StoredRun
    inode: int
    offset: int = 0
    record: Record | None = None


@dataclass(slots=True)
class RunFollower:
    """Keeps the index of the records in a directory as they are, by one look after another.

    A look costs one question about the directory, and a few about each run at work. ``open_database`` is
    asked for the database only where there is something to store.
    """

    directory: Path
    open_database: Callable[[], Database]
    _listed: tuple[int, int] | None = None
    _live: dict[str, _Tail] = field(default_factory=dict)

    def follow(self, now: datetime) -> Sequence[RunChange]:
        """What happened since the last look. Where it cannot be stored, the next look tries again."""
        try:
            return [*self._list(now), *self._follow_live(now)]
        except StoreFailed:  # it is told by who keeps rounds
            self._listed = None
            return []

    def _list(self, now: datetime) -> Iterator[RunChange]:
        """Records that came or went: the directory shows it."""
        stamp = self._stamp(now)
        if stamp is not None and stamp == self._listed:
            return
        done = index_runs(self.open_database(), self.directory, now, MOST)
        self._listed = None if done.more else stamp
        for run in done.forgotten:
            self._live.pop(run, None)
        for one in done.runs:
            if not one.stamp:
                self._live[one.run] = _Tail(one, 0)
            yield _change(one)

    def _stamp(self, now: datetime) -> tuple[int, int] | None:
        """What changes with the names in the directory; None while it may without showing it."""
        try:
            found = self.directory.stat()
        except OSError:
            return (0, 0)
        is_firm = abs(now.timestamp() - found.st_mtime) > FRESH
        return (found.st_ino, found.st_mtime_ns) if is_firm else None

    def _follow_live(self, now: datetime) -> Iterator[RunChange]:
        for run, tail in list(self._live.items()):
            path = self.directory / f"{run}.jsonl"
            try:
                content = read_content(path, tail.offset)
            except OSError:
                del self._live[run]
                self._listed = None
                continue
            if tail.record is not None and content.at_work and tail.inode == _inode(content):
                change = self._extend(tail, content, now)
            else:
                change = self._read_whole(tail, path, now)
            if change is not None:
                yield change

    def _extend(self, tail: _Tail, content: Content, now: datetime) -> RunChange | None:
        """The lines that came since; of a record that is not what it was, all of them."""
        assert tail.record is not None  # noqa: S101  # as it was asked
        whole, end, _ = content.text.rpartition(b"\n")
        if not end:
            return None
        run, texts = tail.stored.run, whole.split(b"\n")
        new = parse_record(content.text, run, at_work=True, last=tail.record.head)
        record = replace(new, lines=(*tail.record.lines, *_describing(new)))
        stored = describe_run(record, content, texts, now)
        database = self.open_database()
        lines = tail.stored.lines + len(texts)
        stored = replace(stored, lines=lines, worker=database.worker)
        with database.writing() as connection:
            is_stored = new.broken is None and extend_run(
                connection, stored, tail.stored.lines, texts
            )
            for approval in approvals(new) if is_stored else ():
                store_approval(connection, approval)
        if not is_stored:
            return self._read_whole(tail, self.directory / f"{run}.jsonl", now)
        offset = tail.offset + len(whole) + 1
        self._live[run] = _Tail(stored, tail.inode, offset, record)
        return _change(stored, tail.stored)

    def _read_whole(self, tail: _Tail, path: Path, now: datetime) -> RunChange | None:
        """All of it: when it is first followed, when it has ended, and when it is not what it was."""
        try:
            content = read_content(path)
        except OSError:
            self._listed = None
            return None
        stored = index_content(self.open_database(), tail.stored.run, content, now)
        if stored.stamp:
            self._live.pop(stored.run, None)
        else:
            self._live[stored.run] = _begin_tail(stored, content)
        change = _change(stored, tail.stored)
        return (
            None
            if change == replace(_change(tail.stored), has_grown=change.has_grown)
            else change
        )


def _begin_tail(stored: StoredRun, content: Content) -> _Tail:
    """From where a record goes on; one that is damaged, or not at work, is read whole again."""
    record = parse_record(content.text, stored.run, at_work=content.at_work)
    if record.broken is not None or not content.at_work:
        return _Tail(stored, 0)
    known = replace(record, lines=tuple(_describing(record)))
    return _Tail(stored, _inode(content), content.text.rfind(b"\n") + 1, known)


def _describing(record: Record) -> Sequence[dict[str, object]]:
    return [dict(line) for line in record.lines if line.get("event") in _DESCRIBING]


def _inode(content: Content) -> int:
    """By which a file is told from one that was put in its place."""
    return int(content.stamp.split(":")[1])


def _change(stored: StoredRun, before: StoredRun | None = None) -> RunChange:
    grown = before is not None and before.result == stored.result == AT_WORK
    return RunChange(stored.run, tuple(stored.clusters), stored.result, stored.lines, grown)

"""Records of runs, indexed: the same lines in the database, as long as they are those of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from reconciler.execution.journal import (
    Content,
    Record,
    file_stamp,
    line_moment,
    parse_record,
    read_content,
)
from reconciler.model.outcome import AT_WORK, CUT_OFF
from reconciler.passport.field_rows import PROVEN
from reconciler.storage.approvals import Approval, store_approval
from reconciler.storage.database import Database
from reconciler.storage.runs import StoredRun, drop_run, run_stamps, store_run

Event = Mapping[str, Any]
# Seconds for which a file may change without another time of change: that of the kernel's clock, and of
# file systems that count in whole seconds.
FRESH = 2.0
STARTED, OBSERVED, ENDED = "run-started", "observed", "run-finished"
LONGEST = 255  # of a cluster's name


@dataclass(frozen=True, slots=True)
class Indexed:
    """What an indexing did: the runs that were read, the ids of those forgotten, and of those unreadable.

    ``more`` have to be read still: they are over what was to be read, or only just begun.
    """

    runs: tuple[StoredRun, ...]
    forgotten: tuple[str, ...]
    unreadable: tuple[str, ...]
    more: bool

    @property
    def read(self) -> tuple[str, ...]:
        """The ids of the runs that were read."""
        return tuple(one.run for one in self.runs)


def index_runs(
    database: Database, directory: Path, now: datetime, most: int | None = None
) -> Indexed:
    """The index of the records in a directory becomes as they are; each is one transaction.

    Only files that changed are read, and those of runs that were at work: ``most`` at a time, the
    latest first. Of a worker only what stands in the directory is indexed, and nothing is forgotten:
    other runs are those of other workers. Raises StoreFull, StoreDamaged, StoreBusy or StoreFailed; what was indexed by
    then stays.
    """
    paths = {path.stem: path for path in sorted(directory.glob("*.jsonl")) if _is_named(path)}
    with database.reading() as connection:
        known = run_stamps(connection, paths if database.worker else None)
    due = [run for run, path in paths.items() if _is_due(path, known.get(run, ""))]
    read, unreadable = [], []
    begun = [run for run in due if _has_only_begun(paths[run], now)]
    ready = [run for run in due if run not in begun]
    meant = ready if most is None else ready[-most:]
    for run in meant:
        try:
            content = read_content(paths[run])
        except OSError:
            unreadable.append(run)
            continue
        read.append(index_content(database, run, content, now))
    gone = [*sorted(known.keys() - paths.keys()), *(known.keys() & set(unreadable))]
    forgotten = () if database.worker else tuple(gone)
    for run in forgotten:
        with database.writing() as connection:
            drop_run(connection, run)
    return Indexed(tuple(read), forgotten, tuple(unreadable), len(meant) < len(due))


def _is_named(path: Path) -> bool:
    """Whether its name is words: what else stands there is none of ours, and no database keeps it."""
    return path.stem.isprintable() and len(path.stem) <= LONGEST


def _has_only_begun(path: Path, now: datetime) -> bool:
    """Whether a record is empty and new: its run is about to lock it, and whoever reads is in the way."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return found.st_size == 0 and abs(now.timestamp() - found.st_ctime) <= FRESH


def _is_due(path: Path, stamp: str) -> bool:
    """Whether a file has to be read; one that is gone has, to be found so."""
    try:
        return file_stamp(path.lstat()) != stamp
    except OSError:
        return True


def index_content(database: Database, run: str, content: Content, now: datetime) -> StoredRun:
    """Store what a record's file held, and the approvals that stand in it; what that was.

    Raises StoreFull, StoreDamaged, StoreBusy or StoreFailed.
    """
    record = parse_record(content.text, run, at_work=content.at_work)
    whole, _, _ = content.text.rpartition(b"\n")
    texts = whole.split(b"\n") if whole else []
    stored = replace(describe_run(record, content, texts, now), worker=database.worker)
    with database.writing() as connection:
        store_run(connection, stored, texts)
        for approval in approvals(record):
            store_approval(connection, approval)
    return stored


def describe_run(
    record: Record, content: Content, texts: Sequence[bytes], now: datetime
) -> StoredRun:
    """What is stored of a record beside its lines, which are ``texts``."""
    began, observed = record.first(STARTED), record.first(OBSERVED)
    ended = record.first(ENDED)
    result = str(ended.get("result") or (AT_WORK if record.at_work else CUT_OFF))
    is_last = bool(record.lines) and record.lines[-1] is ended
    is_whole = record.broken is None and not record.cut and not record.at_work
    is_firm = not record.at_work and now.timestamp() - content.changed > FRESH
    # Who has no result of its own is as far as the run is.
    clusters = dict.fromkeys(_observed_clusters(record), result)
    clusters |= ended.get("clusters") or {}
    return StoredRun(
        run=record.run,
        stamp=content.stamp if is_firm else "",
        settled=is_whole and is_last,
        started=line_moment(began),
        ended=line_moment(ended),
        result=result,
        plan=str(observed.get("plan", "")),
        who=_who(began),
        file=str(began.get("file", "")),
        lines=len(texts),
        outline=_outline(record, texts) if is_whole and is_last else None,
        clusters={name[:LONGEST]: result for name, result in clusters.items()},
        counts=ended.get("counts") or {},
    )


def _observed_clusters(record: Record) -> Sequence[str]:
    lines = [line for line in record.lines if line.get("event") == OBSERVED]
    return [str(line["cluster"]) for line in lines if line.get("cluster")]


def _outline(record: Record, texts: Sequence[bytes]) -> bytes | None:
    """The lines that a list of runs is made of; None where the others are needed to count."""
    counts = record.first(ENDED).get("counts") or {}
    begun = {"action-started", "action-failed"} & {line.get("event") for line in record.lines}
    if begun and not any(counts.values()):
        return None
    needed = [record.first(event) for event in (STARTED, OBSERVED, ENDED)]
    needed += [line for line in record.lines if line.get("event") == PROVEN]
    places = sorted(
        number for number, line in enumerate(record.lines) if any(line is one for one in needed)
    )
    return b"".join(texts[number] + b"\n" for number in places)


def record_of_outline(run: str, outline: bytes) -> Record:
    """The record of a settled run as far as its outline tells it."""
    found = parse_record(outline, run, at_work=False)
    return Record(run, found.lines, None, cut=False, at_work=False, head=found.head)


def stored_record(run: StoredRun, texts: Sequence[bytes]) -> Record | None:
    """The whole record of a settled run from its stored lines; None if they are not all there."""
    if not run.settled or len(texts) != run.lines:
        return None
    return parse_record(b"".join(text + b"\n" for text in texts), run.run, at_work=False)


def approvals(record: Record) -> Sequence[Approval]:
    """The approvals of a record that can be believed; without a moment there is none."""
    if record.broken is not None:
        return ()
    who = _who(record.first(STARTED))
    return [
        Approval(record.run, str(line.get("plan", "")), at, who, str(line.get("message", "")))
        for line in record.lines
        if line.get("event") == "approved" and (at := line_moment(line))
    ]


def _who(began: Event) -> str:
    return f"{began.get('user', '?')}@{began.get('controller', '?')}" if began else ""

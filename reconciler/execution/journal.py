"""A run's journal: one hash-chained JSONL file, each line durable before its effect.

Every line ends with its own hash and carries that of the line before. So the chain shows
accidents and edits, not a file that somebody has rewritten whole or cut at the end.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from reconciler.errors import RecordFailed
from reconciler.storage.private import private_directory
from reconciler.system_errors import say_error

GENESIS = "0" * 64
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# How each line ends: its hash is that of all before this, and of a closing brace.
SEAL = ', "hash": "'
CLOSED = '"}'
# What readers rely on of a line, where it has it; a line that has it otherwise is not ours.
_WORD, _NUMBER = (str, type(None)), (int, float)
GREATEST = 1 << 53  # what also readers of other languages take for a whole number
SHAPES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("event", "run", "cluster", "action"), _WORD),
    **dict.fromkeys(("seconds", "command_seconds"), _NUMBER),
    **dict.fromkeys(("clusters", "counts"), (dict,)),
    **dict.fromkeys(("proved", "operations"), (list,)),
}


class Journal:
    """Appends events; ``listeners`` see each line after it is on disk.

    The file is locked as long as the run lasts: so it is told from one that was cut off.
    """

    def __init__(self, directory: Path, run: str, now: Callable[[], datetime]) -> None:
        private_directory(directory)
        self.path = directory / f"{run}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW
        self._file = os.open(self.path, flags, 0o600)
        with suppress(OSError):  # some network file systems know no locks
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._run = run
        self._now = now
        self._last = GENESIS
        self.listeners: list[Callable[[Mapping[str, object]], None]] = []

    def emit(self, event: str, details: Mapping[str, object]) -> None:
        """Append one event with its time and the hash of the line before, and sync it.

        Raises RecordFailed when it cannot be.
        """
        line = self._line(event, details)
        body = json.dumps({**line, "previous": self._last}, default=str)
        seal = _digest(body)
        self._append(f"{body[:-1]}{SEAL}{seal}{CLOSED}\n".encode())
        self._last = seal
        for listener in self.listeners:
            listener(line)

    def tell(self, event: str, details: Mapping[str, object]) -> str:
        """As ``emit``, of what has been done: if it cannot be recorded, the answer is why."""
        try:
            self.emit(event, details)
        except RecordFailed as error:
            for listener in self.listeners:
                listener(self._line(event, details))
            return str(error)
        return ""

    def _line(self, event: str, details: Mapping[str, object]) -> Mapping[str, object]:
        now = self._now().isoformat(timespec="milliseconds")
        return {"event": event, "time": now, "run": self._run, **details}

    def _append(self, data: bytes) -> None:
        """The whole line, or nothing of it: half of one would break what comes after."""
        before = os.fstat(self._file).st_size
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, before)
            raise RecordFailed(str(self.path), error.strerror or say_error(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._file)


@dataclass(frozen=True, slots=True)
class Record:
    """A run's journal as it is found.

    ``broken`` is the number of the first line that is damaged or does not follow the one
    before. ``cut`` is a last line without its end, as a crash leaves it; ``at_work`` is a run
    that still writes. ``head`` is the hash of the last whole line.
    """

    run: str
    lines: tuple[Mapping[str, Any], ...]
    broken: int | None
    cut: bool
    at_work: bool
    head: str

    def first(self, event: str) -> Mapping[str, Any]:
        """The first line of an event; an empty one if there is none."""
        return next((line for line in self.lines if line.get("event") == event), {})


@dataclass(frozen=True, slots=True)
class Content:
    """What a record's file held, with ``stamp``, what the file was when it was read (``file_stamp``)."""

    text: bytes
    at_work: bool
    stamp: str
    changed: float


def file_stamp(found: os.stat_result) -> str:
    """What is another as soon as a file is written, replaced, or given to somebody else."""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_ctime_ns}"


def line_moment(line: Mapping[str, Any]) -> datetime | None:
    """When a line says it was; None for what is no moment with a zone."""
    try:
        found = datetime.fromisoformat(str(line.get("time")))
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def read_content(path: Path, offset: int = 0) -> Content:
    """What a record's file holds from ``offset`` on, whatever it is.

    Raises OSError when the file cannot be read, or when others may have written it.
    """
    with os.fdopen(os.open(path, READING), "rb") as file:
        found = os.fstat(file.fileno())
        _check_owner(found, path)
        at_work = False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            at_work = True
        except OSError:  # no locks there
            pass
        file.seek(offset)
        return Content(file.read(), at_work, file_stamp(found), found.st_ctime)


def read_record(path: Path) -> Record:
    """One run's record; what cannot be read of it is left out, and ``broken``.

    Raises OSError when the file cannot be read, or when others may have written it.
    """
    found = read_content(path)
    return parse_record(found.text, path.stem, at_work=found.at_work)


def parse_record(content: bytes, run: str, *, at_work: bool, last: str = GENESIS) -> Record:
    """The record that a file's content is; what cannot be read of it is left out, and ``broken``.

    Of a part of the file, ``last`` is the hash of the line before it.
    """
    text = content.decode("utf-8", "surrogateescape")
    whole, _, rest = text.rpartition("\n")
    texts = whole.split("\n") if whole else []
    found = [parsed for line in texts if (parsed := _parsed(line)) is not None]
    head = _seal(texts[-1])[1] if texts else last
    return Record(run, tuple(found), broken_line(text, run, last), bool(rest), at_work, head)


def _check_owner(found: os.stat_result, path: Path) -> None:
    """What somebody else may have written tells nothing of our runs."""
    if not stat.S_ISREG(found.st_mode):
        why = "no regular file"
    elif found.st_uid not in {os.geteuid(), 0}:
        why = f"it belongs to uid {found.st_uid}, who may have written anything"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        why = "others than its owner may have written it"
    else:
        return
    raise PermissionError(errno.EPERM, f"not believed: {why}", str(path))


def broken_line(text: str, run: str | None = None, last: str = GENESIS) -> int | None:
    """The number of the first line that does not follow the one before; None if whole.

    The first follows the one with the hash ``last``. A line of another run than ``run`` follows
    none, if that is told: two records may have been swapped. A last line without its line feed is
    what a crash leaves, and no break.
    """
    for number, line in enumerate(text.split("\n")[:-1], 1):
        body, seal = _seal(line)
        parsed = _parsed(line)
        if parsed is None or seal != _digest(body) or parsed.get("previous") != last:
            return number
        if run is not None and parsed.get("run") != run:
            return number
        last = seal
    return None


def _seal(line: str) -> tuple[str, str]:
    """What the hash of a line is of, and the hash that it has."""
    body, _, seal = line.rpartition(SEAL)
    return f"{body}}}", seal.removesuffix(CLOSED) if seal.endswith(CLOSED) else ""


def _parsed(line: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and _is_ours(found) else None


def _is_ours(line: Mapping[str, Any]) -> bool:
    fits = all(isinstance(line[key], kind) for key, kind in SHAPES.items() if key in line)
    if not fits:
        return False
    words, counts = line.get("clusters", {}), line.get("counts", {})
    numbers = [line[key] for key, kind in SHAPES.items() if kind is _NUMBER and key in line]
    return (
        all(isinstance(word, str) for word in words.values())
        and all(isinstance(count, int) for count in counts.values())
        and all(abs(number) < GREATEST for number in (*numbers, *counts.values()))
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

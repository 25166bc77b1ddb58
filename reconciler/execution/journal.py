"""A run's journal: one hash-chained JSONL file, each line durable before its effect.

The chain shows accidents and edits of the middle; a wholly rewritten file it cannot.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Self

GENESIS = "0" * 64


class Journal:
    """Appends events; ``listeners`` see each line after it is on disk."""

    def __init__(self, directory: Path, run: str, now: Callable[[], datetime]) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = directory / f"{run}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW
        self._file = os.open(self.path, flags, 0o600)
        self._run = run
        self._now = now
        self._last = GENESIS
        self.listeners: list[Callable[[Mapping[str, object]], None]] = []

    def emit(self, event: str, details: Mapping[str, object]) -> None:
        """Append one event with its time and the hash of the line before, and sync it."""
        line = {
            "event": event,
            "time": self._now().isoformat(timespec="milliseconds"),
            "run": self._run,
            **details,
        }
        text = json.dumps({**line, "previous": self._last}, default=str)
        os.write(self._file, text.encode() + b"\n")
        os.fsync(self._file)
        self._last = hashlib.sha256(text.encode()).hexdigest()
        for listener in self.listeners:
            listener(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._file)


def broken_line(text: str) -> int | None:
    """The number of the first line that does not follow the one before; None if whole."""
    last = GENESIS
    for number, line in enumerate(text.splitlines(), 1):
        try:
            previous = json.loads(line)["previous"]
        except (ValueError, KeyError, TypeError):
            return number
        if previous != last:
            return number
        last = hashlib.sha256(line.encode()).hexdigest()
    return None

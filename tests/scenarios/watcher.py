"""A daemon beside a lab: followed by what it tells, and what it did to hosts by their records."""

import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.scenarios.operator import Operator

# Seconds in which a round on a busy machine ends; only who waits for nothing gets there.
GUARD = 300.0
WORDS = ("--interval", "3s", "--log-format", "json", "--log-level", "debug")


@dataclass(slots=True)
class Watcher:
    """The process, and all that it has told."""

    process: subprocess.Popen[bytes]
    events: list[dict[str, Any]] = field(default_factory=list)

    def until(self, event: str, **fields: Any) -> dict[str, Any]:
        """Reads on up to an event with these fields."""
        assert self.process.stderr is not None
        while True:
            ready, _, _ = select.select([self.process.stderr], [], [], GUARD)
            line = self.process.stderr.readline() if ready else b""
            assert line, (event, fields, self.events[-20:])
            self.events.append(found := json.loads(line))
            if found["event"] == event and fields.items() <= found.items():
                return found

    def told(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """What it has told so far."""
        wanted = {"event": event, **fields}
        return [found for found in self.events if wanted.items() <= found.items()]

    def end(self) -> int:
        """SIGTERM, and all that it told until its end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        self.events += [json.loads(line) for line in self.process.stderr]
        return self.process.wait()


@contextmanager
def watching(operator: Operator, file: str) -> Iterator[Watcher]:
    """A daemon that is killed at the end if it still lives, with what it has started."""
    with operator.start_watch(file, *WORDS) as process:
        try:
            yield Watcher(process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

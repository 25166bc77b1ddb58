"""What a client costs: CPU of its whole tree, wall time, peak memory. For a first process only.

As the first process of a pid namespace it inherits whatever a client leaves behind, so a daemon
that a client starts for itself counts as its own.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.01
KILOBYTE = 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run: seconds of CPU, user and system; seconds of wall; what it wrote."""

    cpu: float
    wall: float
    output: str


def run(command: Sequence[str], environment: Mapping[str, str], place: Path) -> Cost:
    """Run a client to its end, and end what it leaves behind."""
    before = set(children())
    output = place / "output"
    began = time.monotonic()
    with output.open("wb") as written:
        client = subprocess.Popen(
            command,
            env={**environment},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            cwd=place,
        )
        _, status, used = os.wait4(client.pid, 0)
    wall = time.monotonic() - began
    client.returncode = os.waitstatus_to_exitcode(status)
    cpu = used.ru_utime + used.ru_stime
    for pid in set(children()) - before - {client.pid}:
        with suppress(ProcessLookupError):
            os.kill(pid, 15)
        _, _, used = os.wait4(pid, 0)
        cpu += used.ru_utime + used.ru_stime
    return Cost(cpu, wall, output.read_text(errors="replace"))


def peak_memory(command: Sequence[str], environment: Mapping[str, str], place: Path) -> float:
    """Megabytes of PSS of the whole tree at its largest, in a run of its own."""
    before = set(children())
    ended = threading.Event()
    peak = 0.0

    def watch() -> None:
        nonlocal peak
        while not ended.wait(EVERY):
            own = [pid for pid in children() if pid not in before]
            peak = max(peak, sum(map(proportional, tree(own))))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        run(command, environment, place)
    finally:
        ended.set()
        watching.join()
    return peak


def children() -> list[int]:
    """Of this process, what was left to it included."""
    return of(os.getpid())


def of(pid: int) -> list[int]:
    """The children of a process, of all its threads."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def tree(roots: Iterable[int]) -> Iterator[int]:
    """The processes and all their descendants."""
    for pid in roots:
        yield pid
        yield from tree(of(pid))


def proportional(pid: int) -> float:
    """Its proportional set size in megabytes; 0 for one that has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / KILOBYTE
    return 0.0

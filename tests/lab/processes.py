"""Processes that were started here, told from others by their start time."""

import os
import signal
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.lab.shell import wait_until

# Kept so that the interpreter can reap those that end while it is still there.
STARTED: dict[int, subprocess.Popen] = {}


class Process(NamedTuple):
    """A process for ever: a PID is used again, a PID with its start time is not."""

    pid: int
    start: int


def stat_fields(pid: int) -> list[str] | None:
    """/proc/PID/stat after the name: state, parent, ..., the 20th is the start time."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def identify(pid: int) -> Process | None:
    """The process that has this PID now."""
    fields = stat_fields(pid)
    return None if fields is None or fields[0] in "ZX" else Process(pid, int(fields[19]))


def alive(process: Process | None) -> bool:
    """Whether it still runs."""
    return process is not None and identify(process.pid) == process


def launch(argv: Sequence[object], log: Path, directory: Path) -> Process | None:
    """Start a process that outlives this one; None if it is gone at once."""
    with log.open("ab") as out:
        popen = subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=directory,
            start_new_session=True,
        )
    STARTED[popen.pid] = popen
    return identify(popen.pid)


def slay(processes: Iterable[Process | None]) -> None:
    """SIGKILL these, all at once; the PID namespace below each dies with it."""
    doomed = [process for process in processes if alive(process)]
    trees = {below for process in doomed for below in descendants(process)}
    for process in doomed:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not any(alive(process) for process in trees), 10)
    for process in doomed:
        if popen := STARTED.pop(process.pid, None):
            popen.wait(10)


def children() -> dict[int, list[int]]:
    """The PIDs below every PID."""
    below: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        if fields := stat_fields(int(path.name)):
            below.setdefault(int(fields[1]), []).append(int(path.name))
    return below


def descendants(process: Process) -> set[Process]:
    """The process and everything below it."""
    below, todo, found = children(), [process.pid], set()
    while todo:
        pid = todo.pop()
        found.add(identify(pid))
        todo += below.get(pid, [])
    return found - {None}


def ancestors() -> set[int]:
    """This process and those that wait for it."""
    found, pid = set(), os.getpid()
    while pid > 1 and (fields := stat_fields(pid)):
        found.add(pid)
        pid = int(fields[1])
    return found


def grandchild(process: Process | None) -> int | None:
    """The first process below the first one below this: UML itself."""
    if not alive(process):
        return None
    below = children()
    for child in sorted(below.get(process.pid, [])):
        return min(below.get(child, []), default=None)
    return None


def resident_mib(pid: int | None) -> int:
    """Resident memory, 0 if there is no such process."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) // 1024
    return 0


def in_namespace(inode: int) -> list[Process]:
    """Everything that runs in a network namespace, save this process and its ancestors."""
    spared, found = ancestors(), []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (path / "ns/net").stat().st_ino == inode and int(path.name) not in spared:
                found.append(identify(int(path.name)))
    return [process for process in found if process]

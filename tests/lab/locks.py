"""One command at a time: a lock file that may be removed by whoever holds it."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.lab.shell import LabError


@contextmanager
def locked(path: Path, timeout: float = 900) -> Iterator[IO]:
    """Hold the lock; LabError if another process has it for too long."""
    end = time.monotonic() + timeout
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as lock:
            if is_mine(lock, path):
                yield lock
                return
        if time.monotonic() > end:
            raise LabError(f"{path} is held by another command")
        time.sleep(0.2)


def is_mine(lock: IO, path: Path) -> bool:
    """Take the lock if it is free.  Its last holder may have removed the file meanwhile."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return path.samefile(f"/proc/self/fd/{lock.fileno()}")
    except OSError:
        return False

"""One daemon for a state directory: a lock of the kernel, gone with the process that had it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.errors import StoreHeld
from reconciler.storage.private import append_private, private_directory

LOCK = "state.lock"


@contextmanager
def hold_state(directory: Path) -> Iterator[None]:
    """Nobody else holds the state directory meanwhile; it is made if it is missing.

    Raises StoreHeld with the holder's process id, UsageError where the directory or the lock's
    file is not ours alone, OSError if it cannot be made or knows no locks.
    """
    private_directory(directory)
    file = append_private(str(directory / LOCK))
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip() or "unknown"
            words = f"is in use by another reconcile (process {holder}): stop it first"
            raise StoreHeld(str(directory), words) from None
        os.ftruncate(file, 0)
        with suppress(OSError):  # a full disk must not end who only tells
            os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)

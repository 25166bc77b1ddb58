"""What commands that stay need of the machine: open files, and an end though a thread does not end."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from contextlib import suppress

# For names and file systems that do not answer, which a thread waits for.
PATIENCE = 2.0


async def leave_threads(code: int) -> None:
    """Ends the process where a thread waits for what does not answer: no thread can be ended."""
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.get_running_loop().shutdown_default_executor()
    except TimeoutError:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def allow_files(wanted: int) -> None:
    """As many open files as it takes, as far as they may be had."""
    with suppress(OSError, ValueError):  # a service may not even ask
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

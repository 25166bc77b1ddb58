"""Processes that the daemon starts for itself, each with a socket on which both speak."""

from __future__ import annotations

import asyncio
import socket
import sys


async def start_process(
    program: str,
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader, asyncio.StreamWriter]:
    """This interpreter running ``program``, whose last word is the number of its end of the socket.

    Raises OSError, as where there is no memory for one more.
    """
    ours, theirs = socket.socketpair()
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", program, str(theirs.fileno())),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
    finally:
        theirs.close()
    return child, *await asyncio.open_connection(sock=ours)

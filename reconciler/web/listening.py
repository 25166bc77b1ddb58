"""Serves the application on a socket, within a loop that somebody else runs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from reconciler.web.app import Server, build_app
from reconciler.web.guards import App

# Seconds that open requests have when the daemon stops; event streams are ended before.
_GRACE = 2
# Requests at once; each that reads the state holds a thread.
_MOST = 128


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises OSError if the address is not ours or is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(_MOST)
        found.setblocking(False)  # noqa: FBT003  # the socket's own name of it
    except BaseException:
        found.close()
        raise
    return found


class _Quiet(uvicorn.Server):
    """Leaves signals to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


@asynccontextmanager
async def serving(server: Server, listener: socket.socket) -> AsyncIterator[None]:
    """Serve as long as the context is open; then end streams, and requests within two seconds."""
    app: App = build_app(server)
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST,
        timeout_graceful_shutdown=_GRACE,
        proxy_headers=False,  # whom to believe is for the guards
    )
    http = _Quiet(config)
    task = asyncio.create_task(http.serve([listener]))
    try:
        yield
    finally:
        server.events.close()
        http.should_exit = True
        await task

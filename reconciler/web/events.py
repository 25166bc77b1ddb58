"""What happens, as it happens, to whoever listens; who is slow is told that something was lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

# Events that wait for one listener; beyond it they are dropped, and the listener looks again.
_WAITING = 100
# Listeners at once: each holds a connection.
MOST_LISTENERS = 64
# Seconds without an event after which a comment shows proxies that the connection lives.
QUIET = 15.0
LOST = "lost"


class TooManyListeners(Exception):
    """No further one is served now."""


@dataclass(slots=True)
class EventHub:
    """Hands events to all listeners of this process. All of it runs in one loop."""

    quiet: float = QUIET
    _listeners: set[asyncio.Queue[str | None]] = field(default_factory=set)
    _is_closed: bool = False

    def publish(self, kind: str, about: Mapping[str, object]) -> None:
        """Tell every listener; wait for none."""
        text = f"event: message\ndata: {json.dumps({'kind': kind, **about})}\n\n"
        for queue in self._listeners:
            if queue.full():
                _forget(queue)
                queue.put_nowait(f"event: message\ndata: {json.dumps({'kind': LOST})}\n\n")
            queue.put_nowait(text)

    def listen(self) -> AsyncIterator[str]:
        """The events from now on, as lines of an event stream. Raises TooManyListeners."""
        if self._is_closed or len(self._listeners) >= MOST_LISTENERS:
            raise TooManyListeners
        queue: asyncio.Queue[str | None] = asyncio.Queue(_WAITING)
        self._listeners.add(queue)
        return self._stream(queue)

    async def _stream(self, queue: asyncio.Queue[str | None]) -> AsyncIterator[str]:
        try:
            yield "retry: 5000\n\n"
            while (text := await self._next(queue)) is not None:
                yield text
        finally:
            self._listeners.discard(queue)

    async def _next(self, queue: asyncio.Queue[str | None]) -> str | None:
        try:
            async with asyncio.timeout(self.quiet):
                return await queue.get()
        except TimeoutError:
            return ": still here\n\n"

    def close(self) -> None:
        """End all streams: a server that stops waits for none."""
        self._is_closed = True
        for queue in self._listeners:
            _forget(queue)
            queue.put_nowait(None)


def _forget(queue: asyncio.Queue[str | None]) -> None:
    while not queue.empty():
        queue.get_nowait()

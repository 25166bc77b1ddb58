"""Web hooks on loopback that answer, refuse and hang as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from reconciler.notify.delivery import Carrier, Receiver, new_client
from tests.unit.notify.news_worlds import EPOCH


@dataclass
class Hook:
    """A server that answers each request with the next of its answers, the last for ever."""

    answers: list[bytes]
    port: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    handlers: list[asyncio.Task[None]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, count: int) -> list[bytes]:
        """The first so many bodies, once they are there."""
        while len(self.bodies) < count:
            self.came.clear()
            await self.came.wait()
        return self.bodies[:count]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = asyncio.current_task()
        assert handler is not None
        self.handlers.append(handler)
        with suppress(ConnectionError, asyncio.IncompleteReadError):  # who asks has given up
            await self.answer(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(length))
        self.came.set()
        answer = self.answers[min(len(self.heads), len(self.answers)) - 1]
        if answer:
            writer.write(answer)
            await writer.drain()
        else:  # a server that hangs: until the other side gives up
            await reader.read()

    @property
    def receiver(self) -> Receiver:
        return Receiver("chat", f"http://127.0.0.1:{self.port}/services/T0/secret-path")


def answer(status: str, *headers: str, said: str = "") -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(said)}",
        "Connection: close",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + said).encode()


OK = answer("200 OK")


@asynccontextmanager
async def hook(*answers: bytes) -> AsyncIterator[tuple[Hook, Carrier, list[float]]]:
    """A server, what delivers to it, and how long was waited between the attempts."""
    served, waits = Hook(list(answers)), []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    waiting: Callable[[float], Awaitable[None]] = sleep
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    async with server, new_client() as client:
        yield served, Carrier(client, lambda: EPOCH, waiting), waits
    await asyncio.gather(*served.handlers)

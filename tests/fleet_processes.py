"""Workers in processes of their own, followed by what they tell, and a way to the database that can be cut."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

PIPE = asyncio.subprocess.PIPE
# Seconds, in which even a busy machine gets there; only who waits for what never comes does not.
GUARD = 300
PROGRAM = (sys.executable, "-m", "tests.fleet_process")
ROOT = Path(__file__).parent.parent


class WorkerProcess:
    """The process, and all events that it has told so far."""

    def __init__(self, process):
        self.process, self.events = process, []
        self.told = asyncio.Event()
        self.hearing = asyncio.create_task(self.hear())
        self.noise = []

    async def hear(self):
        while line := await self.process.stderr.readline():
            try:
                self.events.append(json.loads(line))
            except ValueError:
                self.noise.append(line.decode())
            self.told.set()

    async def until(self, event, count=1):
        """The event of this name that was told so many times."""
        while True:
            found = [one for one in self.events if one["event"] == event]
            if len(found) >= count:
                return found[count - 1]
            self.told.clear()
            if self.process.returncode is not None:
                raise AssertionError((event, self.events, self.noise))
            try:
                async with asyncio.timeout(GUARD):
                    await self.told.wait()
            except TimeoutError:
                raise AssertionError((event, count, self.events[-40:])) from None

    @property
    def lives(self):
        """The ids of its lives so far."""
        return [one["worker"] for one in self.events if one["event"] == "worker-began"]

    @property
    def children(self):
        """The processes that it has started."""
        return children(self.process.pid)

    def send(self, number):
        """To it, and to the processes that it has started."""
        for pid in (self.process.pid, *children(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    async def end(self, number=signal.SIGTERM):
        """The exit status after a signal."""
        self.process.send_signal(number)
        code = await self.process.wait()
        await self.hearing
        return code


def children(pid):
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(word) for word in words]


@asynccontextmanager
async def worker_process(**settings):
    """A worker that has begun to work; it is killed at the end if it has not ended by then."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, json.dumps(settings), cwd=ROOT, stderr=PIPE, stdin=asyncio.subprocess.DEVNULL
    )
    worker = WorkerProcess(process)
    try:
        await worker.until("worker-began")
        yield worker
    finally:
        worker.send(signal.SIGKILL)
        await process.wait()
        await worker.hearing


@dataclass
class Way:
    """A socket that leads to that of a server, until it is ``cut``: then nothing passes, and nobody is told."""

    place: Path
    target: str
    is_cut: bool = False
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set = field(default_factory=set)
    writers: set = field(default_factory=set)

    def cut(self):
        self.is_cut = True
        self.freed.clear()

    def mend(self):
        """What stood still is lost with its connections, as after a long time it would be."""
        self.is_cut = False
        for writer in list(self.writers):
            writer.transport.abort()
        self.freed.set()

    def serve(self, reader, writer):
        task = asyncio.ensure_future(self.lead(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def lead(self, reader, writer):
        self.writers.add(writer)
        with suppress(OSError):
            while self.is_cut:
                await self.freed.wait()
            there, back = await asyncio.open_unix_connection(self.target)
            self.writers.add(back)
            await asyncio.gather(self.pass_on(reader, back), self.pass_on(there, writer))
        writer.transport.abort()

    async def pass_on(self, reader, writer):
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                while self.is_cut:
                    await self.freed.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    async def close(self):
        self.mend()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@asynccontextmanager
async def way_to(url, place):
    """The address of the same database by a way that can be cut, and the way."""
    target = socket_of(url)
    way = Way(place, target)
    place.mkdir()
    server = await asyncio.start_unix_server(way.serve, str(place / ".s.PGSQL.5432"))
    try:
        yield with_host(url, str(place)), way
    finally:
        server.close()
        await way.close()


def with_host(url, host):
    """The same address by another directory of sockets."""
    old = str(Path(socket_of(url)).parent)
    return url.replace(quote(old, safe=""), quote(host, safe="")).replace(old, host)


def socket_of(url):
    """The socket of the server of an address."""
    (host,) = parse_qs(urlsplit(url).query)["host"]
    return f"{host}/.s.PGSQL.5432"

"""Hosts of many clusters for workers in other processes, which note who asked them, and when.

They answer what simulated ones answered once, under other names (``tests.bench.watched_fleet``), over a
socket: SSH is not what these tests are about.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby

from reconciler.model.plan import Command, Completed


@dataclass
class Hosts:
    """What was asked. ``delay`` are seconds until an answer; of clusters in ``held`` none comes."""

    run_on: Callable
    delay: float = 0.0
    held: set[str] = field(default_factory=set)
    asked: list[tuple[float, str, str]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, life: str, cluster: str, host: str, argv: list[str]) -> Completed:
        self.asked.append((time.monotonic(), cluster, life))
        self.changed.set()
        await asyncio.sleep(self.delay)
        while cluster in self.held:
            await self.wait()
        return await self.run_on(cluster, None, Named(host), Command(tuple(argv)))

    async def wait(self) -> None:
        """Until something more was asked, or let go."""
        self.changed.clear()
        await self.changed.wait()

    async def until_asked(self, cluster: str, but: str = "") -> float:
        """When a cluster was asked first by a life, other than ``but``."""
        while True:
            for moment, asked, by in self.asked:
                if asked == cluster and by != but:
                    return moment
            await self.wait()

    def let_go(self, cluster: str) -> None:
        self.held.discard(cluster)
        self.changed.set()

    def blocks(self, cluster: str) -> list[str]:
        """The lives that asked a cluster, one after the other."""
        return [life for life, _ in groupby(by for _, c, by in self.asked if c == cluster)]


@dataclass(frozen=True)
class Named:
    name: str


@asynccontextmanager
async def serving(hosts: Hosts, path: str):
    """Serve them on a socket."""
    writers = set()

    async def serve(reader, writer):
        async def reply(words):
            number, life, cluster, host, argv = words
            done = await hosts.answer(life, cluster, host, argv)
            text = json.dumps([number, done.status, done.stdout, done.stderr])
            writer.write(text.encode() + b"\n")

        writers.add(writer)
        async with asyncio.TaskGroup() as group:
            tasks = []
            while line := await reader.readline():
                tasks.append(group.create_task(reply(json.loads(line))))
            for task in tasks:  # who asked has gone
                task.cancel()
        writers.discard(writer)
        writer.close()

    server = await asyncio.start_unix_server(serve, path, limit=1 << 22)
    try:
        yield hosts
    finally:
        server.close()
        for writer in list(writers):
            writer.close()


@dataclass
class FarHosts:
    """The hosts as a worker has them. ``life`` names who asks."""

    path: str
    life: Callable[[], str]
    waiting: dict[int, asyncio.Future] = field(default_factory=dict)
    writer: asyncio.StreamWriter | None = None
    count: int = 0
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run_on(self, cluster, _ssh, member, command):
        async with self.opening:
            if self.writer is None:
                limit = 1 << 22
                reader, self.writer = await asyncio.open_unix_connection(self.path, limit=limit)
                self.hearing = asyncio.create_task(self.hear(reader))
        self.count += 1
        number, future = self.count, asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        words = [number, self.life(), cluster, member.name, list(command.argv)]
        self.writer.write(json.dumps(words).encode() + b"\n")
        try:
            status, out, err = await future
        finally:
            self.waiting.pop(number, None)
        return Completed(status, out, err)

    async def hear(self, reader):
        while line := await reader.readline():
            number, *answer = json.loads(line)
            if (future := self.waiting.get(number)) and not future.done():
                future.set_result(answer)

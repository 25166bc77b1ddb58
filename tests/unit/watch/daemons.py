"""A daemon in a process of its own, followed by what it tells."""

import asyncio
import json
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path

from tests.cli_harness import desk
from tests.clock import drive
from tests.runs import Controller

# Seconds, in which even a busy machine says something; only who waits for nothing gets there.
GUARD = 600
WORDS = ("--interval", "1h", "--log-level", "debug", "--log-format", "json")


class Daemon:
    """The process, and all events that it has told so far."""

    def __init__(self, process):
        self.process = process
        self.events = []

    async def until(self, event, **fields):
        """Reads events up to one of this name with these fields."""
        while line := await self._line(event, fields):
            try:
                found = json.loads(line)
            except ValueError:
                raise AssertionError(line + await self.process.stderr.read()) from None
            self.events.append(found)
            if found["event"] == event and fields.items() <= found.items():
                return found
        raise AssertionError((event, fields, self.events[-20:]))

    async def _line(self, *waiting):
        """Who waits for what never comes is told what came instead."""
        try:
            async with asyncio.timeout(GUARD):
                return await self.process.stderr.readline()
        except TimeoutError:
            raise AssertionError((waiting, self.events[-20:])) from None

    async def look(self):
        """Has it look at all now; what the first round that ends then found."""
        self.process.send_signal(signal.SIGUSR1)
        await self.until("all-requested")
        return await self.until("round-ended")

    def told(self, event, **fields):
        wanted = {"event": event, **fields}
        return [found for found in self.events if wanted.items() <= found.items()]

    async def end(self, number=signal.SIGTERM):
        """The exit code after a signal."""
        self.process.send_signal(number)
        rest = (await self.process.stderr.read()).splitlines()
        self.events += [json.loads(line) for line in rest]
        return await self.process.wait()

    @property
    def children(self):
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(word) for word in text.split()]


@asynccontextmanager
async def watching(at, *files, **environment):
    """A daemon that is ended at the end if it has not ended by then."""
    at.environment = {**at.environment, **environment}
    async with _ended(await at.start("watch", *WORDS, *(files or (at.file,)))) as daemon:
        yield daemon


@asynccontextmanager
async def watching_anew(at, **streams):
    """The same by an interpreter that starts now, with other streams."""
    async with _ended(await at.start_anew("watch", *WORDS, at.file, **streams)) as daemon:
        yield daemon


@asynccontextmanager
async def _ended(process):
    daemon = Daemon(process)
    try:
        yield daemon
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def converged(tmp_path):
    """A desk whose cluster is as its file says: another operator applied it, in no time."""
    async with desk(tmp_path) as at:
        pace, wish = at.world.pace, at.desired
        # The clock of a world of its own thread, in which nobody waits.
        ended = await asyncio.to_thread(
            lambda: drive(at.world, Controller(at.world).apply(wish))
        )
        assert ended.word == "converged", (ended.codes, ended.failures)
        at.world.pace = pace
        yield at


@asynccontextmanager
async def applied(tmp_path):
    """As ``converged``, by a command that leaves a record of its run here."""
    async with desk(tmp_path) as at:
        code, out, err = await at.run("apply", at.file, *await at.approved())
        assert code == 0, out + err
        yield at


async def gone(*pids):
    """Waits until these processes have ended, whoever their parents are."""
    loop = asyncio.get_running_loop()
    for pid in pids:
        try:
            number = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ended = asyncio.Event()
        loop.add_reader(number, ended.set)
        await ended.wait()
        loop.remove_reader(number)
        os.close(number)

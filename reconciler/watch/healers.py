"""The processes that heal, as the daemon has them: one for each healing, a few at a time."""

from __future__ import annotations

import asyncio
import itertools
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import WorkFailed
from reconciler.pipeline.heal import Healed
from reconciler.pipeline.parts import Past
from reconciler.watch.messages import Done, Halt, Heal, receive, send
from reconciler.watch.sources import Wish

PROGRAM = "from reconciler.watch.healer import main; main()"
AT_ONCE = 4
# Seconds in which what runs on hosts may end once the daemon stops; then it is left to the leases.
DRAIN = 10.0
# Seconds after that until a process is killed.
PATIENCE = 2.0


@dataclass(slots=True, eq=False)
class _Process:
    """One that heals; its end, told once."""

    child: asyncio.subprocess.Process
    writer: asyncio.StreamWriter
    ended: asyncio.Task[Done]


@dataclass(slots=True, eq=False)
class Healers:
    """Starts them; ``records`` is where their runs leave records."""

    records: Path
    _live: dict[str, _Process] = field(default_factory=dict)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def heal(self, wish: Wish, run: str, past: Past) -> Healed:
        """Heal what may be healed of a cluster. Raises WorkFailed.

        Who is cancelled while it waits leaves the process to ``close``.
        """
        name = wish.cluster.name
        async with self._room:
            process = self._live[name] = await self._start()
            number = next(self._numbers)
            asked = Heal(number, wish.desired, wish.file, run, self.records, past)
            send(process.writer, asked)
            done = await asyncio.shield(process.ended)
            del self._live[name]
        process.writer.close()
        await process.child.wait()
        return _healed(done)

    async def close(self) -> dict[str, Healed]:
        """Stop all; what those came to that ended in time, by cluster."""
        live = dict(self._live)
        for process in live.values():
            send(process.writer, Halt())
        if live:
            await asyncio.wait([p.ended for p in live.values()], timeout=DRAIN)
        found = {}
        for name, process in live.items():
            if process.ended.done() and (value := process.ended.result().value):
                found[name] = value
            process.writer.close()
        await asyncio.gather(*(_end(process) for process in live.values()))
        return {name: value for name, value in found.items() if isinstance(value, Healed)}

    async def _start(self) -> _Process:
        ours, theirs = socket.socketpair()
        try:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-c", PROGRAM, str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours)
        ended = asyncio.get_running_loop().create_task(_hear(reader))
        return _Process(child, writer, ended)


async def _hear(reader: asyncio.StreamReader) -> Done:
    message = await receive(reader)
    if isinstance(message, Done):
        return message
    return Done(0, None, "the process that healed has ended; its record says how far it came")


async def _end(process: _Process) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await process.child.wait()
    except TimeoutError:
        process.child.kill()
        await process.child.wait()
    await process.ended


def _healed(done: Done) -> Healed:
    if not isinstance(done.value, Healed):
        raise WorkFailed(done.failure)
    return done.value

"""The processes that each do one commission (``watch.commissioned``), as who started them has them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.errors import WorkFailed
from reconciler.system_errors import say_error
from reconciler.watch.messages import Done, Halt, Message, Value, receive, send
from reconciler.watch.processes import start_process

# Seconds in which what runs on hosts may end once all stop; then it is left to the leases.
DRAIN = 10.0
# Seconds after that until a process is killed.
PATIENCE = 2.0
# Seconds after which nothing more is begun, and after which a process is given up: longer than all
# that one command on a host may take.
LONGEST = 3600.0
LONGEST_END = 1800.0


@dataclass(slots=True, eq=False)
class _Process:
    """One of them; its end, told once."""

    child: asyncio.subprocess.Process
    writer: asyncio.StreamWriter
    ended: asyncio.Task[Done]


@dataclass(slots=True, eq=False)
class Commissions:
    """Starts them, one for each cluster at most; ``program`` is what they run."""

    program: str
    longest: float = LONGEST
    longest_end: float = LONGEST_END
    _live: dict[str, _Process] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def carry_out(
        self, name: str, ask: Callable[[int], Message], is_wanted: Callable[[], bool]
    ) -> Value | None:
        """What a cluster's process comes to that is asked so; None if it is not wanted any more.

        Who is cancelled while it waits leaves the process to ``close``. Raises WorkFailed.
        """
        process = self._live[name] = await self._start()
        done = None
        if is_wanted():
            send(process.writer, ask(next(self._numbers)))
            done = await self._ended(process)
        del self._live[name]
        process.writer.close()
        await _end(process)
        if done is not None and done.value is None:
            raise WorkFailed(done.failure)
        return done.value if done else None

    def halt(self, name: str) -> bool:
        """Nothing more of a cluster is begun, what runs comes to its end; whether there is any."""
        process = self._live.get(name)
        if process is not None:
            send(process.writer, Halt())
        return process is not None

    async def close(self) -> Mapping[str, Value]:
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
        return found

    async def _ended(self, process: _Process) -> Done:
        """What it came to; one that does not end is halted, and then killed."""
        for longest in (self.longest, self.longest_end):
            done, _ = await asyncio.wait([process.ended], timeout=longest)
            if done:
                return process.ended.result()
            send(process.writer, Halt())
        process.child.kill()
        await process.ended
        return Done(
            0, None, "it did not end, and was given up; its record says how far it came"
        )

    async def _start(self) -> _Process:
        """Raises WorkFailed, as where there is no memory for one more process."""
        try:
            child, reader, writer = await start_process(self.program)
        except OSError as error:
            raise WorkFailed(f"no process to work in: {say_error(error)}") from error
        ended = asyncio.get_running_loop().create_task(_hear(reader))
        return _Process(child, writer, ended)


async def _hear(reader: asyncio.StreamReader) -> Done:
    message = await receive(reader)
    if isinstance(message, Done):
        return message
    return Done(0, None, "the process at work on it has ended; its record says how far it came")


async def _end(process: _Process) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await process.child.wait()
    except TimeoutError:
        process.child.kill()
        await process.child.wait()
    await process.ended

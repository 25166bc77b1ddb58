"""The processes that heal, as the daemon has them: one for each healing, a few at a time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import WorkFailed
from reconciler.pipeline.heal import Healed
from reconciler.pipeline.parts import Past
from reconciler.system_errors import say_error
from reconciler.watch.messages import Done, Halt, Heal, receive, send
from reconciler.watch.processes import start_process
from reconciler.watch.sources import Wish

PROGRAM = "from reconciler.watch.healer import main; main()"
AT_ONCE = 4
# Seconds in which what runs on hosts may end once the daemon stops; then it is left to the leases.
DRAIN = 10.0
# Seconds after that until a process is killed.
PATIENCE = 2.0
# Seconds after which a healing begins nothing more, and after which it is given up: longer than all
# that one command on a host may take.
LONGEST = 3600.0
LONGEST_END = 1800.0


@dataclass(slots=True, eq=False)
class _Process:
    """One that heals; its end, told once."""

    child: asyncio.subprocess.Process
    writer: asyncio.StreamWriter
    ended: asyncio.Task[Done]


@dataclass(slots=True, eq=False)
class Healers:
    """Starts them; ``records`` is where their runs leave records, ``program`` is what they run."""

    records: Path
    program: str = PROGRAM
    longest: float = LONGEST
    longest_end: float = LONGEST_END
    _rooms: set[str] = field(default_factory=set)
    _live: dict[str, _Process] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def has_room(self) -> bool:
        """Whether one more cluster may be healed."""
        return len(self._rooms) < AT_ONCE

    def take_room(self, name: str) -> bool:
        """Whether there is room for a cluster; it is its own until ``leave_room``."""
        if not self.has_room:
            return False
        self._rooms.add(name)
        return True

    def holds_room(self, name: str) -> bool:
        """Whether there is room for a cluster that it has taken."""
        return name in self._rooms

    def leave_room(self, name: str) -> None:
        """Another may be healed."""
        self._rooms.discard(name)

    async def heal(
        self, wish: Wish, run: str, past: Past, is_wanted: Callable[[], bool]
    ) -> Healed:
        """Heal what may be healed of a cluster, for which there is room. Raises WorkFailed.

        Nothing is begun of what is not wanted any more. Who is cancelled while it waits leaves the
        process to ``close``.
        """
        name = wish.cluster.name
        process = self._live[name] = await self._start()
        if is_wanted():
            number = next(self._numbers)
            asked = Heal(number, wish.desired, wish.file, run, self.records, past)
            send(process.writer, asked)
            done = await self._ended(process)
        else:
            done = Done(0, Healed(None))
        del self._live[name]
        process.writer.close()
        await _end(process)
        return _healed(done)

    def halt(self, name: str) -> bool:
        """Nothing more of a cluster is begun, what runs comes to its end; whether there is any."""
        process = self._live.get(name)
        if process is not None:
            send(process.writer, Halt())
        return process is not None

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
        """Raises WorkFailed, as where there is no memory for one more process."""
        try:
            child, reader, writer = await start_process(self.program)
        except OSError as error:
            raise WorkFailed(f"no process to heal in: {say_error(error)}") from error
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

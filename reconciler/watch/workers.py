"""The daemon's working processes: started when needed, and again when one has died."""

from __future__ import annotations

import asyncio
import itertools
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, cast

from reconciler.errors import HostUnreachable, WorkFailed
from reconciler.model.desired import Desired, Member
from reconciler.model.plan import Command, Completed
from reconciler.model.problems import Problem
from reconciler.model.ssh_access import Ssh
from reconciler.watch.earlier import Earlier
from reconciler.watch.messages import (
    Answer,
    Ask,
    Done,
    Drop,
    Load,
    Loaded,
    Message,
    Observe,
    Value,
    receive,
    send,
)
from reconciler.watch.processes import start_process
from reconciler.watch.result import RoundResult

# Runs a command on a member of a cluster, logged in to by these defaults. Raises HostUnreachable.
RunOn = Callable[[str, Ssh, Member, Command], Awaitable[Completed]]
PROGRAM = "from reconciler.watch.worker import main; main()"
# What ends by itself when its socket is closed, unless it is at work.
PATIENCE = 1.0


class Workers:
    """So many processes at most; what is to be done goes to the one with the least to do."""

    def __init__(self, count: int, run_on: RunOn) -> None:
        self._run_on = run_on
        self._slots: list[_Process | None] = [None] * count
        self._starting = asyncio.Lock()
        self._numbers = itertools.count()

    async def load(self, path: str, text: str | None = None) -> Loaded | tuple[Problem, ...]:
        """What is in a file, or in ``text`` as if it were in it. Raises WorkFailed."""
        found = await self._do(Ssh(), lambda number: Load(number, path, text))
        return cast("Loaded | tuple[Problem, ...]", found)

    async def observe(
        self, desired: Desired, earlier: Earlier, moment: datetime
    ) -> RoundResult:
        """A round of the one cluster of ``desired``, as of ``messages.Observe``. Raises WorkFailed."""
        wanted = (desired, moment, earlier)
        found = await self._do(desired.ssh, lambda number: Observe(number, *wanted))
        return cast("RoundResult", found)

    async def close(self) -> None:
        """End all processes; what is at work is killed."""
        live = [slot for slot in self._slots if slot is not None]
        await asyncio.gather(*(process.close() for process in live))

    async def _do(self, ssh: Ssh, make: Callable[[int], Message]) -> Value:
        number = next(self._numbers)
        process = await self._least_busy()
        return await process.do(number, ssh, make(number))

    async def _least_busy(self) -> _Process:
        async with self._starting:
            busy = [
                (len(p.tasks) if p and p.alive else 0, i) for i, p in enumerate(self._slots)
            ]
            _count, place = min(busy)
            process = self._slots[place]
            if process is None or not process.alive:
                process = self._slots[place] = await _start(self._run_on)
            return process


async def _start(run_on: RunOn) -> _Process:
    child, reader, writer = await start_process(PROGRAM)
    process = _Process(child, writer, run_on)
    process.listener = asyncio.get_running_loop().create_task(process.listen(reader))
    return process


@dataclass(slots=True, eq=False)
class _Process:
    """One process, what it has to do, and the commands that run on hosts for it."""

    child: asyncio.subprocess.Process
    writer: asyncio.StreamWriter
    run_on: RunOn
    tasks: dict[int, tuple[Ssh, asyncio.Future[Done]]] = field(default_factory=dict)
    calls: dict[int, asyncio.Task[Any]] = field(default_factory=dict)
    alive: bool = True
    listener: asyncio.Task[None] | None = None

    async def do(self, number: int, ssh: Ssh, message: Message) -> Value:
        waiting: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self.tasks[number] = (ssh, waiting)
        send(self.writer, message)
        try:
            done = await waiting
        except asyncio.CancelledError:
            send(self.writer, Drop(number))
            raise
        finally:
            del self.tasks[number]
        if done.value is None:
            raise WorkFailed(done.failure)
        return done.value

    async def listen(self, reader: asyncio.StreamReader) -> None:
        while message := await receive(reader):
            match message:
                case Ask(call):
                    task = asyncio.get_running_loop().create_task(self._answer(message))
                    self.calls[call] = task
                    task.add_done_callback(partial(self._end_call, call))
                case Drop(number) if number in self.calls:
                    self.calls[number].cancel()
                case Done(number) if number in self.tasks:
                    self._settle(number, message)
                case _:
                    pass  # of what is not waited for any more
        self.alive = False
        status = await self.child.wait()
        for number in self.tasks:
            self._settle(number, Done(number, None, f"the working process ended ({status})"))
        for task in self.calls.values():
            task.cancel()

    async def close(self) -> None:
        self.writer.close()
        try:
            async with asyncio.timeout(PATIENCE):
                await self.child.wait()
        except TimeoutError:
            self.child.kill()
        if self.listener is not None:
            await self.listener
        await asyncio.gather(*self.calls.values(), return_exceptions=True)

    def _settle(self, number: int, done: Done) -> None:
        _ssh, waiting = self.tasks[number]
        if not waiting.done():
            waiting.set_result(done)

    def _end_call(self, call: int, task: asyncio.Task[None]) -> None:
        """What no command ends with is a bug: it must not leave a round waiting for ever."""
        del self.calls[call]
        if not task.cancelled() and (error := task.exception()) is not None:
            traceback.print_exception(error)
            words = f"internal error, {type(error).__name__}: {error}"
            send(self.writer, Answer(call, None, "host-unreachable", words))

    async def _answer(self, ask: Ask) -> None:
        if ask.task not in self.tasks:
            return
        ssh, _waiting = self.tasks[ask.task]
        try:
            completed = await self.run_on(ask.cluster, ssh, ask.member, ask.command)
        except HostUnreachable as error:
            send(self.writer, Answer(ask.call, None, error.code, error.message))
        else:
            send(self.writer, Answer(ask.call, completed))

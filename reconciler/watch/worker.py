"""A working process of the daemon: it parses, plans and compares, and has no way to any host.

In a thread of the daemon the same work would hold up its loop, for one interpreter runs one
thread at a time: planning 255 members held it up for 0.24 s, measured on 2 cores.
What a host is to run goes back to the daemon, which has the connections.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import signal
import socket
import sys
import traceback
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from reconciler.errors import HostUnreachable, ReconcilerError, SpecInvalid
from reconciler.hosts import Host
from reconciler.loading import load, read_text
from reconciler.model.desired import Member
from reconciler.model.identity_cache import forget
from reconciler.model.plan import Command, Completed
from reconciler.model.problems import Problem
from reconciler.system_errors import say_error
from reconciler.watch.assessment import assess_round
from reconciler.watch.messages import (
    Answer,
    Ask,
    Done,
    Drop,
    Load,
    Loaded,
    Observe,
    Value,
    receive,
    send,
)
from reconciler.watch.result import RoundResult
from reconciler.watch.round import observe_round

# The daemon says when to end, by closing the socket; a terminal's Ctrl-C is for the daemon.
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


def main() -> None:
    """Serve the daemon on the socket whose number is the last word, until that is closed."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    gc.freeze()  # what is imported stays
    asyncio.run(_serve(socket.socket(fileno=int(sys.argv[-1]))))


async def _serve(daemon: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=daemon)
    worker = _Worker(writer)
    while message := await receive(reader):
        match message:
            case Load(task, path, text):
                worker.start(task, _load(path, text))
            case Observe(task):
                worker.start(task, _observe(message, _Fleet(worker, task)))
            case Drop(number):
                worker.drop(number)
            case Answer():
                worker.answer(message)
            case _:
                raise AssertionError(message)
    writer.close()


async def _observe(asked: Observe, fleet: _Fleet) -> RoundResult:
    try:
        wanted = (asked.desired, asked.earlier)
        result = await observe_round(*wanted, fleet.door, asked.moment)
        return replace(result, found=assess_round(result))
    finally:
        forget()  # what follows from facts of this cluster, which nobody asks for again


async def _load(path: str, text: str | None) -> Loaded | tuple[Problem, ...]:
    try:
        text = read_text(path) if text is None else text
        return Loaded(load(path, text), text)
    except SpecInvalid as error:
        return error.problems
    except (ReconcilerError, OSError) as error:
        words = say_error(error).removeprefix(f"{path}: ")
        return (Problem(path, 1, 1, "file-unread", words),)


class _Worker:
    """Tasks of the daemon at work, and the calls of hosts that they wait for."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._calls: dict[int, asyncio.Future[Completed]] = {}
        self._numbers = itertools.count()

    def start(self, number: int, work: Coroutine[Any, Any, Value]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[number] = task
        task.add_done_callback(lambda ended: self._end(number, ended))

    def drop(self, number: int) -> None:
        if task := self._tasks.get(number):
            task.cancel()

    async def ask(self, task: int, who: tuple[str, Member], command: Command) -> Completed:
        """What the host answers the daemon. Raises HostUnreachable."""
        call = next(self._numbers)
        self._calls[call] = asyncio.get_running_loop().create_future()
        send(self._writer, Ask(call, task, *who, command))
        try:
            return await self._calls[call]
        except asyncio.CancelledError:
            send(self._writer, Drop(call))
            raise
        finally:
            del self._calls[call]

    def answer(self, answer: Answer) -> None:
        waiting = self._calls.get(answer.call)
        if waiting is None or waiting.done():
            return
        if answer.completed is not None:
            waiting.set_result(answer.completed)
        else:
            waiting.set_exception(HostUnreachable("", answer.code, answer.message))

    def _end(self, number: int, task: asyncio.Task[Value]) -> None:
        del self._tasks[number]
        if task.cancelled():
            send(self._writer, Done(number, None, "it was given up"))
        elif (error := task.exception()) is None:
            send(self._writer, Done(number, task.result()))
        elif isinstance(error, ReconcilerError):
            send(self._writer, Done(number, None, say_error(error)))
        else:
            traceback.print_exception(error)
            words = f"internal error, {type(error).__name__}: {error}"
            send(self._writer, Done(number, None, words))


@dataclass(frozen=True, slots=True)
class _Fleet:
    """The hosts of one round, as the daemon reaches them."""

    worker: _Worker
    task: int

    def door(self, cluster: str, member: Member) -> Host:
        return _RemoteHost(self.worker, self.task, (cluster, member))


@dataclass(frozen=True, slots=True)
class _RemoteHost:
    """A host behind the daemon."""

    worker: _Worker
    task: int
    who: tuple[str, Member]

    @property
    def name(self) -> str:
        return self.who[1].name

    async def run(self, command: Command) -> Completed:
        try:
            return await self.worker.ask(self.task, self.who, command)
        except HostUnreachable as error:
            raise HostUnreachable(self.name, error.code, error.message) from error

    async def close(self) -> None:
        """The daemon keeps the connection."""

"""A process that carries out something on one cluster: it has its own way to the hosts, its own lease and record.

It lives as long as that takes. Who started it says when to stop, by a word; when that one has gone, it
begins nothing more, and ends what it has begun. Whatever ends it, the lease on the hosts says how
far it came.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from reconciler.errors import ReconcilerError
from reconciler.execution import author, run_word
from reconciler.execution.journal import Journal
from reconciler.execution.locks import Claim
from reconciler.hosts.doors import connect_hosts
from reconciler.model.outcome import ClusterOutcome
from reconciler.pipeline import Options, Run
from reconciler.reports.documents import run_summary
from reconciler.system_errors import say_error
from reconciler.watch.messages import Commission, Done, Halt, Value, receive, send

T = TypeVar("T", bound=Commission)
V = TypeVar("V")
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
OPTIONS = Options()


def serve(kind: type[T], work: Callable[[T, asyncio.Event], Awaitable[Value]]) -> None:
    """Do what is asked for on the socket whose number is the last word, until ``stop`` is set."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    asyncio.run(_serve(kind, work, socket.socket(fileno=int(sys.argv[-1]))))


async def record_run(
    asked: Commission,
    about: Mapping[str, object],
    claim: Callable[[str, str], Claim],
    stop: asyncio.Event,
    act: Callable[[Run], Awaitable[tuple[V, Sequence[ClusterOutcome]]]],
) -> V:
    """What ``act`` comes to, with the run's record around it; ``about`` is what more it tells of itself.

    Raises RecordFailed, and what looking at hosts raises.
    """
    with Journal(asked.records, asked.run, author.now) as journal:
        began = {"cluster": None, "file": asked.file, **asked.about, **about}
        journal.emit("run-started", {**began, **author.author()})
        try:
            async with connect_hosts(asked.desired, compress=True) as fleet:
                claims = partial(claim, asked.run)
                run = Run(fleet, OPTIONS, journal.emit, stop, claims, asked.desired)
                value, outcomes = await act(run)
        except asyncio.CancelledError:
            _tell_end(journal, (), "interrupted", detached=True)
            raise
        except ReconcilerError:
            _tell_end(journal, (), "failed")
            raise
        # Told to stop, and all was done: that is no interruption.
        is_cut = any(one.result == "interrupted" for one in outcomes)
        _tell_end(journal, outcomes, run_word.result(outcomes, interrupted=is_cut))
    return value


async def _serve(
    kind: type[T],
    work: Callable[[T, asyncio.Event], Awaitable[Value]],
    parent: socket.socket,
) -> None:
    reader, writer = await asyncio.open_connection(sock=parent)
    asked = await receive(reader)
    if not isinstance(asked, kind):
        return  # who started it has gone
    stop = asyncio.Event()
    doing = asyncio.create_task(_answer(asked, work, stop))
    hearing = asyncio.create_task(_hear(reader, stop, doing))
    try:
        send(writer, await doing)
        await writer.drain()
    except (asyncio.CancelledError, ConnectionError):
        pass  # nobody waits for an answer
    finally:
        hearing.cancel()
        writer.close()


async def _hear(
    reader: asyncio.StreamReader, stop: asyncio.Event, doing: asyncio.Task[Done]
) -> None:
    """The first word stops; once who said it is gone after that, hosts are left to themselves."""
    halted = isinstance(await receive(reader), Halt)
    stop.set()
    if halted:
        while await receive(reader):
            pass  # it is said again
        doing.cancel()


async def _answer(
    asked: T, work: Callable[[T, asyncio.Event], Awaitable[Value]], stop: asyncio.Event
) -> Done:
    try:
        return Done(asked.task, await work(asked, stop))
    except ReconcilerError as error:
        return Done(asked.task, None, say_error(error))
    except Exception as error:  # noqa: BLE001  # who started it is told of any bug
        traceback.print_exception(error)
        return Done(
            asked.task, None, f"internal error, {type(error).__name__}: {say_error(error)}"
        )


def _tell_end(
    journal: Journal, outcomes: Sequence[ClusterOutcome], word: str, *, detached: bool = False
) -> None:
    summary = run_summary(outcomes, word, run_word.exit_code(word))
    journal.tell("run-finished", {"cluster": None, "detached": detached, **summary})

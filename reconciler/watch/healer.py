"""A process that heals one cluster: it has its own way to the hosts, its own lease and record.

It lives as long as that takes. The daemon says when to stop, by a word; when the daemon has gone, it
begins nothing more, and ends what it has begun. Whatever ends it, the lease on the hosts says how
far it came.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from functools import partial

from reconciler.errors import ReconcilerError
from reconciler.execution import author, run_word
from reconciler.execution.journal import Journal
from reconciler.execution.locks import Claim
from reconciler.hosts.doors import connect_hosts
from reconciler.model.outcome import ClusterOutcome
from reconciler.pipeline import Options, Run
from reconciler.pipeline.heal import Healed, heal
from reconciler.pipeline.parts import Healable
from reconciler.reports.documents import run_summary
from reconciler.system_errors import say_error
from reconciler.watch.messages import Done, Halt, Heal, receive, send

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
OPTIONS = Options()
# Seconds for a lease that somebody has: the next round comes anyway.
PATIENCE = 0.0


def main() -> None:
    """Heal what the daemon asks for on the socket whose number is the last word."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    asyncio.run(_serve(socket.socket(fileno=int(sys.argv[-1]))))


async def _serve(daemon: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=daemon)
    asked = await receive(reader)
    if not isinstance(asked, Heal):
        return  # the daemon has gone
    stop = asyncio.Event()
    work = asyncio.create_task(_answer(asked, stop))
    hearing = asyncio.create_task(_hear(reader, stop, work))
    try:
        send(writer, await work)
        await writer.drain()
    except (asyncio.CancelledError, ConnectionError):
        pass  # nobody waits for an answer
    finally:
        hearing.cancel()
        writer.close()


async def _hear(
    reader: asyncio.StreamReader, stop: asyncio.Event, work: asyncio.Task[Done]
) -> None:
    """The first word stops; once the daemon is gone after that, hosts are left to themselves."""
    halted = isinstance(await receive(reader), Halt)
    stop.set()
    if halted:
        while await receive(reader):
            pass  # it is said again
        work.cancel()


async def _answer(asked: Heal, stop: asyncio.Event) -> Done:
    try:
        return Done(asked.task, await _heal(asked, stop))
    except ReconcilerError as error:
        return Done(asked.task, None, say_error(error))
    except Exception as error:  # noqa: BLE001  # the daemon is told of any bug
        traceback.print_exception(error)
        return Done(
            asked.task, None, f"internal error, {type(error).__name__}: {say_error(error)}"
        )


async def _heal(asked: Heal, stop: asyncio.Event) -> Healed:
    """Raises RecordFailed, and what looking at hosts raises."""
    (cluster,) = asked.desired.clusters
    with Journal(asked.records, asked.run, author.now) as journal:
        about = {"cluster": None, "file": asked.file, "healing": True}
        journal.emit("run-started", {**about, **author.author()})
        try:
            async with connect_hosts(asked.desired, compress=True) as fleet:
                part = Healable(cluster, fleet, OPTIONS, author.now, asked.past)
                claim = partial(_claim, asked.run)
                work = Run(fleet, OPTIONS, journal.emit, stop, claim, asked.desired)
                healed = await heal(work, part)
        except asyncio.CancelledError:
            _tell_end(journal, (), "interrupted", detached=True)
            raise
        except ReconcilerError:
            _tell_end(journal, (), "failed")
            raise
        outcomes = (healed.outcome,) if healed.outcome else ()
        # Told to stop, and all was done: that is no interruption.
        is_cut = any(one.result == "interrupted" for one in outcomes)
        _tell_end(journal, outcomes, run_word.result(outcomes, interrupted=is_cut))
    return healed


def _tell_end(
    journal: Journal, outcomes: Sequence[ClusterOutcome], word: str, *, detached: bool = False
) -> None:
    summary = run_summary(outcomes, word, run_word.exit_code(word))
    journal.tell("run-finished", {"cluster": None, "detached": detached, **summary})


def _claim(run: str, cluster: str) -> Claim:
    return author.claim(cluster, run, PATIENCE)

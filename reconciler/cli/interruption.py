"""Ctrl-C, a lost terminal and SIGTERM during a run."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import Process

from reconciler.cli.terminal import say


def catch_interrupts(stop: asyncio.Event) -> list[int]:
    """Ctrl-C once: start nothing more; the list then is not empty. Twice: detach.

    So does a terminal that goes away, unless nohup has it ignored.
    """
    heard: list[int] = []
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()

    def hear() -> None:
        heard.append(1)
        stop.set()
        say("\nstopping: what runs is finished first; Ctrl-C again to detach")
        if len(heard) > 1 and main is not None:
            main.cancel()

    for number in ending_signals():
        loop.add_signal_handler(number, hear)
    return heard


def cancel_at_end() -> None:
    """SIGTERM and a terminal that goes away cancel this task, as Ctrl-C does."""
    if (main := asyncio.current_task()) is None:
        return
    for number in ending_signals() - {signal.SIGINT}:
        asyncio.get_running_loop().add_signal_handler(number, main.cancel)


async def wait_or_end(process: Process) -> int:
    """The exit code of a process. Whoever is cancelled meanwhile ends it first, by SIGTERM."""
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def ending_signals() -> frozenset[signal.Signals]:
    """What ends a command; a terminal that goes away is none of them where nohup has it ignored."""
    numbers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        numbers.remove(signal.SIGHUP)
    return frozenset(numbers)

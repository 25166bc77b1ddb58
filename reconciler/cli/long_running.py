"""What commands that stay need of the machine: open files, and an end though a thread does not end."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from contextlib import suppress

import click

from reconciler.telemetry import FORMS, Detail, Form

CONNECTIONS = click.option(
    "--connections",
    type=click.IntRange(1, 65536),
    default=512,
    show_default=True,
    help="Hosts that stay logged in to.",
)
LOG_FORMAT = click.option(
    "--log-format",
    type=click.Choice(FORMS),
    help="text: key=value, for people; json: a line an event, for machines.",
)
# Files beside connections to hosts: the log, processes, what is read, sessions of a database.
FILES_BESIDE = 128
# For names and file systems that do not answer, which a thread waits for.
PATIENCE = 2.0


async def leave_threads(code: int) -> None:
    """Ends the process where a thread waits for what does not answer: no thread can be ended."""
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.get_running_loop().shutdown_default_executor()
    except TimeoutError:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def lasting_detail(level: Detail | None, form: Form | None = None) -> Detail:
    """How much is logged: it tells what happens though nobody asked for it."""
    found = level or Detail("info")
    return Detail(found.level, form or found.form)


def allow_files(connections: int) -> None:
    """As many open files as so many connections take, as far as they may be had."""
    wanted = connections + FILES_BESIDE
    with suppress(OSError, ValueError):  # a service may not even ask
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))

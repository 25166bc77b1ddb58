"""Observe: run the probe on every host at once and assemble what they say.

An unreachable host is a value like any other: it hides and cancels nobody.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from reconciler.errors import HostUnreachable
from reconciler.hosts.asked import as_asked
from reconciler.model.observed import HostFacts, Observed, Unreachable
from reconciler.probe.installed import asked_by, installed_answer
from reconciler.probe.sections import read_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.hosts import Host
    from reconciler.model.plan import Command, Completed
    from reconciler.probe.sections import Section

    Parsers = Mapping[str, Callable[[Section], object]]
    Progress = Callable[[str, str], None]

# At the start of a line; a shell's start-up file may have written something before it.
MARKER = "\n@@reconcile-probe\t"
LIMIT = 256
NOT_INSTALLED = "the probe that is installed there does not look at"


async def observe(
    hosts: Mapping[str, Host],
    command: Command,
    parsers: Parsers,
    *,
    limit: int | asyncio.Semaphore = LIMIT,
    progress: Progress | None = None,
) -> Observed:
    """Run ``command``, the probe, on all ``hosts``, at most ``limit`` at a time.

    A semaphore is a limit that other looks share.
    ``parsers`` are by section name. ``progress`` hears ``(host, state)``, the state being
    ``started``, then ``finished`` or ``unreachable``.
    """
    free = asyncio.Semaphore(limit) if isinstance(limit, int) else limit
    told = progress or _untold

    async def watch(name: str) -> HostFacts | Unreachable:
        async with free:
            told(name, "started")
            seen = await observe_one(hosts[name], command, parsers)
        told(name, "unreachable" if isinstance(seen, Unreachable) else "finished")
        return seen

    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(watch(name)) for name in hosts}
    return Observed({name: task.result() for name, task in tasks.items()})


async def observe_one(
    host: Host, command: Command, parsers: Parsers
) -> HostFacts | Unreachable:
    """What ``host`` has now; without a session or a probe's answer, why not."""
    try:
        completed = await host.run(command)
    except HostUnreachable as error:
        return Unreachable(host.name, error.code, error.message)
    return told_by(host.name, command, completed, parsers)


def told_by(
    name: str, command: Command, completed: Completed, parsers: Parsers
) -> HostFacts | Unreachable:
    """What the host ``name`` has by the answer to ``command``; without a probe's, why not."""
    before, marker, answer = f"\n{completed.stdout}".partition(MARKER)
    if not marker:
        return Unreachable(name, "probe-garbled", _no_probe(completed))
    facts = parse_facts(marker[1:] + answer, parsers)
    if (told := installed_answer(before)) is None:
        return facts
    return as_asked(facts, told[1], asked_by(command.argv[4:]), NOT_INSTALLED)


def parse_facts(text: str, parsers: Parsers) -> HostFacts:
    """The probe's answer as facts; what is missing or garbled is Unknown, never absent."""
    values: Mapping[str, Any] = read_all(text, parsers)
    return HostFacts(**values)


def _no_probe(completed: Completed) -> str:
    """Why there is no answer, in the host's own first words."""
    words = completed.stderr.strip() or completed.stdout.strip() or "it wrote nothing"
    return f"the probe did not run (status {completed.status}): {words.splitlines()[0][:200]}"


def _untold(_host: str, _state: str) -> None:
    """Nobody listens."""

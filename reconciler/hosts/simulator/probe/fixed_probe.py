"""A probe that stands on a simulated host, for a user who may run it and nothing else."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.probe.answer import answer
from reconciler.hosts.simulator.state.reply import Reply

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine

# What an operator sees of it: where it stands, how it begins, and after which line it asks.
PROGRAM = "/usr/local/sbin/reconcile-probe"
MARKER = "#!/bin/sh\n# reconcile-probe 1\n"
ASKS = "# What it asks, and tells first that it does.\n"


def install(machine: Machine, text: str, user: str) -> None:
    """As an operator does: the program, and a rule of sudo for ``user`` that allows it alone.

    Raises ValueError for a text that is no probe which tells what it asks.
    """
    if not text.startswith(MARKER) or text.count(ASKS) != 1:
        raise ValueError("not a probe that may be installed")
    always, _, newcomers = _lines(text).partition("if is_new ")
    ips, _, more = newcomers.partition("; then")

    def program(machine: Machine, argv: tuple[str, ...]) -> Reply:
        if len(argv) > 1:
            return Reply(64)
        parts = [always, more] if _any_new(machine, ips.split()) else [always]
        told = [word for part in parts for word in shlex.split(part) if word.startswith("@@")]
        words = [word for part in parts for word in _words(part)]
        reply = answer(machine, tuple(words))
        return Reply(stdout="".join(f"{line}\n" for line in told) + reply.stdout, seconds=0.5)

    machine.programs[PROGRAM] = program
    machine.lookers.add(user)


def _lines(text: str) -> str:
    """What stands in it of one file, each command on a line of its own."""
    block = text.partition(ASKS)[2].partition("\n\n")[0]
    return block.replace(" \\\n    ", " ")


def _words(part: str) -> list[str]:
    """What is set; nothing of what is told before, or of the end."""
    words = shlex.split(part)
    start = words.index("set") + 2
    return [word for word in words[start:] if word not in {"$@", "fi"}]


def _any_new(machine: Machine, ips: list[str]) -> bool:
    """Whether one is no node of the running kernel."""
    cluster = machine.running.live
    known = {node.ip for node in cluster.nodes.values()} if cluster else set[str]()
    return bool(ips) and not set(ips) <= known

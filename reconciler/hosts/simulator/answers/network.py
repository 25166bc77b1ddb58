"""The sections about what else mounts volumes, and about the way to other hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.answers.request import Request, Rows, row
from reconciler.hosts.simulator.network import connect

if TYPE_CHECKING:
    from reconciler.hosts.simulator.machine import Machine


def automounts(machine: Machine, _: Request) -> Rows:
    """Units and automounter lines, as a test put them there."""
    for automount in machine.automounts:
        yield row(*automount)


def interconnect(machine: Machine, request: Request) -> Rows:
    """A row for each address asked for."""
    for target in request.targets:
        yield row("connect", target, connect(machine, target))

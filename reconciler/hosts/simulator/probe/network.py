"""The sections about what else mounts volumes, and about the way to other hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel.network import tcp_connect
from reconciler.hosts.simulator.probe.request import Request, Rows, row

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine


def automounts(machine: Machine, _: Request) -> Rows:
    """Units and automounter lines, as a test put them there."""
    for automount in machine.automounts:
        yield row(*automount)


def interconnect(machine: Machine, request: Request) -> Rows:
    """A row for each address asked for."""
    for target in request.targets:
        found = tcp_connect(machine, target)
        if found == "open":
            _log_stranger(machine, target.rpartition(":")[0])
        yield row("connect", target, found)


def _log_stranger(machine: Machine, ip: str) -> None:
    """A kernel logs who connects to its port and is not on its list (cluster/tcp.c)."""
    ours = machine.addresses
    for other in machine.world.machines.values():
        live = other.running.live if ip in other.addresses and other is not machine else None
        if live is not None and not any(node.ip in ours for node in live.nodes.values()):
            from_ip = machine.setup.addresses[-1][1]
            other.log(f"o2net: Attempt to connect from unknown node at {from_ip}:40000")

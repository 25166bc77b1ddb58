"""Connections between hosts: who listens where, and who cannot be reached."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine

SSH = 22


def connect(machine: Machine, target: str) -> str:
    """What a TCP connect to IP:PORT ends with: open, refused, timeout or unreachable.

    Nothing on a host's network answers for an address that nobody has; beyond its networks
    it has no route. ``filtered`` is what firewalls on the way make of it.
    """
    ip, _, port = target.rpartition(":")
    for word in (target, ip):
        if word in machine.filtered:
            return machine.filtered[word]
    if not any(ip_address(ip) in network for network in _networks(machine)):
        return "unreachable"
    for other in machine.world.machines.values():
        if ip in other.addresses and other.running.on:
            return "open" if _listens(other, ip, int(port)) else "refused"
    return "timeout"


def _networks(machine: Machine) -> list[IPv4Network]:
    every = [*machine.setup.addresses, *machine.setup.aliases, ("lo", "127.0.0.1", 8)]
    return [IPv4Network(f"{ip}/{prefix}", strict=False) for _, ip, prefix in every]


def _listens(machine: Machine, ip: str, port: int) -> bool:
    """o2net listens at the address of the host's own entry (cluster/tcp.c)."""
    live = machine.running.live
    local = live.local if live else None
    return port == SSH or (local is not None and (local.ip, local.port) == (ip, port))

"""Between hosts: who listens where, who cannot be reached, who stays linked, who has a number twice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.cluster import Node
    from reconciler.hosts.simulator.state.machine import Machine

SSH = 22


def tcp_connect(machine: Machine, target: str) -> str:
    """What a TCP connect to IP:PORT ends with: open, refused, timeout or unreachable.

    Nothing on a host's network answers for an address that nobody has; beyond its networks
    it has no route. ``filtered`` is what firewalls on the way make of it.
    """
    ip, _, port = target.rpartition(":")
    for word in (target, ip):
        if word in machine.filtered:
            return machine.filtered[word]
    if not any(_is_in(ip, own, prefix) for own, prefix in _networks(machine)):
        return "unreachable"
    for other in machine.world.machines.values():
        if ip in other.addresses and other.running.on:
            return "open" if _listens(other, ip, int(port)) else "refused"
    return "timeout"


def _networks(machine: Machine) -> list[tuple[str, int]]:
    """An address in each network of the host, with its prefix."""
    every = [*machine.setup.addresses, *machine.setup.aliases, ("lo", "127.0.0.1", 8)]
    return [(ip, prefix) for _, ip, prefix in every]


@lru_cache(4096)
def _is_in(ip: str, own: str, prefix: int) -> bool:
    return ip_address(ip) in IPv4Network(f"{own}/{prefix}", strict=False)


def _listens(machine: Machine, ip: str, port: int) -> bool:
    """o2net listens at the address of the host's own entry (cluster/tcp.c)."""
    live = machine.running.live
    local = live.local if live else None
    return port == SSH or (local is not None and (local.ip, local.port) == (ip, port))


def share_a_volume(machine: Machine, other: Machine) -> bool:
    """Whether both have a volume mounted: one connection serves all of them."""
    return any(a.fs is b.fs for a in machine.running.mounts for b in other.running.mounts)


def is_linked(machine: Machine, node: Node) -> bool:
    """Whether there is a connection to a node of the live list: those who share a volume have one.

    A firewall that came since cuts it (idle_timeout_ms later, here at once). Of one who lost its
    power the kernel knows nothing for as long.
    """
    owners = (m for m in machine.world.machines.values() if node.ip in m.addresses)
    other = next(owners, None)
    if node.local or other is None:
        return False
    if not other.running.on:
        return _went_just_now(machine, node)
    if not share_a_volume(machine, other):
        return False
    return tcp_connect(machine, f"{node.ip}:{node.port}") == "open"


def _went_just_now(machine: Machine, node: Node) -> bool:
    """Whether a node that shared a volume is silent for less than the idle time."""
    live = machine.running.live
    idle = live.idle_timeout_ms / 1000 if live else 0
    beats = [mount.fs.beats.get(node.number) for mount in machine.running.mounts]
    since = [b.stopped for b in beats if b and b.generation and b.stopped is not None]
    return any(machine.world.now - stopped < idle for stopped in since)


def doubled_blocks(machine: Machine) -> Iterator[str]:
    """What its kernel has just logged of blocks that another host writes as well (seen on 6.1)."""
    now = machine.world.clock(machine)
    for mount in machine.running.mounts:
        others = (
            m for m, there in machine.world.mounters(mount.fs) if there.number == mount.number
        )
        if any(other is not machine and not other.refusal for other in others):
            yield (
                f"[{machine.uptime:12.6f}] (o2hb-{mount.fs.region[:10]},1111,0):o2hb_check_own_slot:689 "
                f"ERROR: Heartbeat generation mismatch on device ({mount.device.name}): "
                f"expected({mount.number}:0x1d, 0x{now - 1:x}), ondisk({mount.number}:0x2e, 0x{now:x})"
            )

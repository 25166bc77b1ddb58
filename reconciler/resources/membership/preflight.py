"""Before a host joins: whether every pair of members can talk on the interconnect.

A firewall between one pair hangs the volume on all members (manual ocfs2, 2): it is found
before anything is written. Where nobody listens yet, a refused connection is a good answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import member_address
from reconciler.model.desired import Cluster
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.observed.system import listed_names
from reconciler.model.outcome import Blocked, refuse_unread
from reconciler.model.roles import staying

FIREWALLS = ("firewalld.service", "nftables.service")
CLOSED = frozenset({"timeout", "unreachable"})


def targets(cluster: Cluster) -> tuple[str, ...]:
    """Where every member must be reached: IP:PORT."""
    stays = staying(cluster)
    return tuple(f"{m.interconnect}:{m.port}" for m in cluster.members if m.name in stays)


def joins(cluster: Cluster, observed: Observed) -> bool:
    """Whether a member that answers is on no running kernel's list yet."""
    known_names = frozenset[str]().union(
        *(
            listed_names(facts.live.nodes(cluster.name))
            for facts in observed.answering_hosts().values()
            if not isinstance(facts.live, Unknown)
        )
    )
    return any(
        host_key(name) not in known_names
        for name in staying(cluster)
        if name in observed.answering_hosts()
    )


def closed_ports(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse pairs of which one cannot reach the other, as far as it was tried."""
    owner = {
        f"{m.interconnect}:{m.port}": m.name
        for m in cluster.members
        if _has_address(observed.answering_hosts().get(m.name), str(m.interconnect))
    }
    new = joins(cluster, observed)
    staying_owners = {*staying(cluster)} & {*owner.values()}
    for host, facts in observed.answering_hosts().items():
        if host not in staying_owners:
            continue
        if isinstance(facts.interconnect, Unknown):
            if new:
                yield refuse_unread(host, "interconnect", facts.interconnect.reason)
            continue
        for found in facts.interconnect:
            if found.state in CLOSED and owner.get(found.target, host) != host:
                peer = owner[found.target]
                yield Blocked(
                    "port-blocked",
                    member_address(peer),
                    f"{host} cannot reach {found.target} of {peer}: {found.state}"
                    f"{_firewalls(host, facts)}{_firewalls(peer, observed.answering_hosts().get(peer))}",
                    f"let TCP from {host} to {found.target} through; a mount would hang every "
                    "member",
                )


def _has_address(facts: HostFacts | None, address: str) -> bool:
    """Whether a host answers and has the address; all else is refused in other words."""
    if facts is None or isinstance(facts.addresses, Unknown):
        return False
    return address in {item.ip for item in facts.addresses}


def _firewalls(host: str, facts: HostFacts | None) -> str:
    if facts is None or isinstance(facts.services, Unknown):
        return ""
    running = [
        unit.name.removesuffix(".service")
        for unit in facts.services
        if unit.name in FIREWALLS and unit.active == "active"
    ]
    return f"; {' and '.join(running)} runs on {host}" if running else ""

"""Two clusters of one name that a file makes one of: a list cannot have a number twice.

Who has nothing mounted and is on no other's list leaves its number and joins at its turn
(``planning.renumbering``). Everybody else would be dropped from a live list meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from reconciler.model.addresses import member_address
from reconciler.model.desired import Cluster
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.outcome import Blocked
from reconciler.model.roles import listed_members, restrict_to
from reconciler.planning.resolve.numbering import live_nodes


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse two members whose kernels have them under one number, where neither can wait."""
    names = {m.name for m in listed_members(cluster)}
    hosts = restrict_to(observed, names).answering_hosts()
    own = {
        host: node.number
        for host, facts in hosts.items()
        for node in live_nodes(cluster, facts)
        if node.local
    }
    for one, other in combinations(sorted(own), 2):
        if own[one] == own[other] and not (
            _can_wait(cluster, hosts, one)
            or _can_wait(cluster, hosts, other)
            or _are_one(cluster, hosts[one], hosts[other])
        ):
            yield Blocked(
                "foreign-cluster",
                member_address(other),
                f"{one} and {other} run two clusters called {cluster.name}: the kernel of each has "
                f"it as number {own[one]}, and each has a volume mounted or is on the list of "
                "another host",
                "give the members of one of the clusters other numbers first, with a file that "
                "has them alone",
            )


def _are_one(cluster: Cluster, *pair: HostFacts) -> bool:
    """Whether both list the same hosts, and nothing is mounted: numbers moved, and not yet in both."""
    lists = {frozenset(host_key(n.name) for n in live_nodes(cluster, facts)) for facts in pair}
    return len(lists) == 1 and not any(
        isinstance(facts.mounts, Unknown) or facts.mounts for facts in pair
    )


def _can_wait(cluster: Cluster, hosts: Mapping[str, HostFacts], name: str) -> bool:
    """Whether nobody misses a host that is left out for a while."""
    mounts = hosts[name].mounts
    others = {
        host_key(node.name)
        for host, facts in hosts.items()
        if host != name
        for node in live_nodes(cluster, facts)
    }
    return not isinstance(mounts, Unknown) and not mounts and host_key(name) not in others

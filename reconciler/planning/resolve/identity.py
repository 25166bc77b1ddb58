"""Which node of a cluster's lists a host is that answered, whatever it is called elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.desired import Cluster
from reconciler.model.host_names import host_key, is_same_host
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.planning.resolve.numbering import conf_places, live_nodes


def node_names(cluster: Cluster, facts: HostFacts) -> Iterator[str]:
    """The host's own names on its lists: what its kernel has as local, else its host name's.

    The local node of the host that answered *is* that host.
    """
    local = [node.name for node in live_nodes(cluster, facts) if node.local]
    if local or isinstance(facts.identity, Unknown):
        yield from local
        return
    own = facts.identity.hostname
    yield from (name for name, _ in conf_places(cluster, facts) if is_same_host(name, own))


def known_names(cluster: Cluster, observed: Observed) -> frozenset[str]:
    """The keys of all names by which members of the file are on lists: their own, and those of
    the hosts that answered for them."""
    names = {m.name for m in cluster.members}
    for host in names & observed.answering_hosts().keys():
        names = names | set(node_names(cluster, observed.answering_hosts()[host]))
    return frozenset(host_key(name) for name in names)


def is_known(name: str, names: frozenset[str]) -> bool:
    """Whether a name on a list is one of ``names``, with a domain or without."""
    return host_key(name) in names or any(is_same_host(name, known) for known in names)

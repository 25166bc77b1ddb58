"""Whether the host that answers is the member, and is on the lists by the member's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.model.addresses import cluster_address, member_address
from reconciler.model.desired import Cluster
from reconciler.model.host_names import host_key, is_same_host, short_name
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, require
from reconciler.model.outcome import Blocked


def check_name(cluster: Cluster, name: str, facts: HostFacts) -> Iterator[Blocked]:
    """Who answers is the node that its kernel has as local, then who its host name says."""
    actual = require(facts.identity).hostname
    local = next((n.name for n in require(facts.live).nodes(cluster.name) if n.local), None)
    if local is not None and not is_same_host(local, name):
        yield Blocked(
            "hostname-differs",
            member_address(name),
            f"the host that answers is the node {local}: its kernel has it so",
            f"name the member {local}, with ssh: {{host: {_door(cluster, name)}}} if that is how it "
            "is reached; or correct its ssh.host",
        )
    elif local is not None and not is_same_host(actual, name):
        yield Blocked(
            "hostname-differs",
            member_address(name),
            f"the host that answers is the node {local}, but calls itself {actual}: after a boot "
            "its kernel would not find itself in the node list",
            f"on {name}: hostnamectl set-hostname {local}",
        )
    elif not is_same_host(actual, name):
        yield Blocked(
            "hostname-differs",
            member_address(name),
            f"the host that answers calls itself {actual}",
            f"name the member {short_name(actual)}, or correct its ssh.host: "
            "the kernel finds itself in the node list by its short hostname",
        )


def _door(cluster: Cluster, name: str) -> str:
    """Where ssh connects to for a member."""
    ways = {item.name: item.ssh for item in cluster.members}
    return (way.host if (way := ways.get(name)) else None) or name


def check_domains(cluster: Cluster, hosts: Iterable[HostFacts]) -> Iterator[Blocked]:
    """Nodes with a domain in their names are refused once: the file has short names."""
    names = {node.name for facts in hosts for node in require(facts.live).nodes(cluster.name)}
    if long := sorted(name for name in names if "." in name):
        yield Blocked(
            "hostname-differs",
            cluster_address(cluster.name),
            f"the kernels' node lists have names with a domain: {', '.join(long)}; this version "
            "manages clusters whose nodes have short names",
            "rename the nodes while no host has a volume mounted: stop o2cb everywhere, write "
            f"the short names ({', '.join(short_name(name) for name in long)}) into "
            "/etc/ocfs2/cluster.conf on all hosts, and start it",
        )


@once_each()
def _spellings(cluster: Cluster) -> tuple[frozenset[str], Mapping[str, str]]:
    """The names of the file, and each by what all of its spellings have in common."""
    names = [m.name for m in cluster.members]
    return frozenset(names), {host_key(name): name for name in names}


def check_spelling(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Blocked]:
    """The tools take another case for another node, and cannot remove the one in use."""
    wanted, keys = _spellings(cluster)
    for node in require(facts.live).nodes(cluster.name):
        if node.name in wanted:
            continue
        spelled = keys.get(host_key(node.name), node.name)
        if spelled != node.name:
            yield Blocked(
                "hostname-differs",
                member_address(spelled),
                f"the kernel of {host} has it as {node.name}",
                f"write its name as {node.name}",
            )

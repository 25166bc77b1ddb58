"""Who is in a cluster, as its running hosts say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from reconciler.frozen import frozen
from reconciler.model.desired import Cluster
from reconciler.model.digits import is_number
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, LiveCluster, Unknown
from reconciler.planning.resolve.identity import node_names
from reconciler.planning.resolve.numbering import conf_places, live_nodes
from reconciler.resources.cluster_conf.grammar import ConfInvalid, parse_conf
from reconciler.resources.o2cb.changes import DEFAULTS
from reconciler.resources.o2cb.parsing import parse_settings
from reconciler.resources.quarantine.entries import read_members

Hosts = Mapping[str, HostFacts]


@frozen
class Node:
    """A node as a list has it."""

    name: str
    number: int
    ip: str
    port: int


def clusters_of(facts: HostFacts) -> tuple[str, ...]:
    """The clusters of which a host is, by its kernel, else by its cluster.conf."""
    kernel = () if isinstance(facts.live, Unknown) else facts.live.clusters
    if online := tuple(c.name for c in kernel if c.nodes):
        return online
    if isinstance(facts.cluster_conf, Unknown) or not facts.cluster_conf.text:
        return ()
    with suppress(ConfInvalid):
        return tuple(c.name for c in parse_conf(facts.cluster_conf.text).clusters)
    return ()


def own_name(facts: HostFacts, door: str) -> str:
    """By which name a host is in its cluster: its kernel's local node, its own line in
    cluster.conf, else its host name; ``door`` is how it was reached."""
    for name in clusters_of(facts):
        named = Cluster.model_construct(name=name, members=())
        if found := next(node_names(named, facts), None):
            return found
    return door if isinstance(facts.identity, Unknown) else facts.identity.hostname


def nodes(name: str, hosts: Hosts) -> tuple[Node, ...]:
    """Every node, by number: as its own kernel has it, else another's, else a file.

    Two spellings of one name are one node.
    """
    named = Cluster.model_construct(name=name, members=())
    found: dict[str, Node] = {}
    for source in (_own, _live, _filed):
        for facts in hosts.values():
            for node in source(named, facts):
                found.setdefault(host_key(node.name), node)
    return tuple(sorted(found.values(), key=lambda node: (node.number, node.name)))


def _own(cluster: Cluster, facts: HostFacts) -> Iterator[Node]:
    for n in live_nodes(cluster, facts):
        if n.local:
            yield Node(n.name, n.number, n.ip, n.port)


def _live(cluster: Cluster, facts: HostFacts) -> Iterator[Node]:
    for n in live_nodes(cluster, facts):
        yield Node(n.name, n.number, n.ip, n.port)


def _filed(cluster: Cluster, facts: HostFacts) -> Iterator[Node]:
    for name, (number, ip, port) in conf_places(cluster, facts):
        yield Node(name, number, ip, port)


def is_online(name: str, facts: HostFacts) -> bool:
    """Whether a host's kernel has the cluster."""
    return live(name, facts) is not None


def live(name: str, facts: HostFacts) -> LiveCluster | None:
    """The cluster as a host's kernel has it."""
    if isinstance(facts.live, Unknown):
        return None
    return facts.live.running(name)


KEYS = {
    "dead_threshold": "O2CB_HEARTBEAT_THRESHOLD",
    "idle_timeout_ms": "O2CB_IDLE_TIMEOUT_MS",
    "keepalive_delay_ms": "O2CB_KEEPALIVE_DELAY_MS",
    "reconnect_delay_ms": "O2CB_RECONNECT_DELAY_MS",
}


def timeouts(name: str, hosts: Hosts) -> Mapping[str, int]:
    """By the words of the desired state: of a kernel that runs it, else of a settings file."""
    found = {key: int(DEFAULTS[word]) for key, word in KEYS.items()}
    for facts in hosts.values():
        if (runs := live(name, facts)) is not None:
            return {key: getattr(runs, key) or default for key, default in found.items()}
    for facts in hosts.values():
        if not isinstance(facts.o2cb_config, Unknown):
            said = parse_settings(facts.o2cb_config.text or "")
            told = {key: said.get(word, "") for key, word in KEYS.items()}
            return found | {key: int(text) for key, text in told.items() if is_number(text)}
    return found


def heartbeat_mode(name: str, hosts: Hosts) -> str:
    """Local or global, as a kernel has it."""
    found = [live(name, facts) for facts in hosts.values()]
    return next(
        (c.heartbeat_mode for c in found if c is not None and c.heartbeat_mode), "local"
    )


def former(name: str, listed: Sequence[Node], hosts: Hosts) -> Mapping[str, int]:
    """Names and numbers of those who were members once, as runs on the hosts remember."""
    names = {host_key(node.name) for node in listed}
    return {
        who: item.number
        for facts in hosts.values()
        for who, item in read_members(facts, name).items()
        if who not in names
    }

"""What kernels have of the cluster after an action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.effect import BARRIER, Effects, on_host
from reconciler.model.host_names import host_key
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, LiveCluster, LiveNode, require
from reconciler.model.plan import Action
from reconciler.model.roles import listed_members


def _nodes(cluster: Cluster, me: str) -> tuple[LiveNode, ...]:
    """The wanted list in the kernel of the host ``me``: the same nodes as in all others."""
    nodes, places = _listed(cluster)
    if (at := places.get(me)) is None:
        return nodes
    return (*nodes[:at], replace(nodes[at], local=True), *nodes[at + 1 :])


@once_each()
def _listed(cluster: Cluster) -> tuple[tuple[LiveNode, ...], Mapping[str, int]]:
    """The wanted nodes, none of them local, and where each stands."""
    nodes = tuple(
        LiveNode(m.name, m.number or 0, str(m.interconnect), m.port, local=False)
        for m in listed_members(cluster)
    )
    return nodes, {host_key(node.name): at for at, node in enumerate(nodes)}


def _online(cluster: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    """The kernel has the cluster with the wanted list."""
    live = require(facts.live)
    old = live.running(cluster.name)
    network, beat = cluster.network, cluster.heartbeat
    fresh = old or LiveCluster(
        cluster.name,
        (),
        network.idle_timeout_ms,
        network.keepalive_delay_ms,
        network.reconnect_delay_ms,
        beat.dead_threshold,
        "local",
        "reset",
        (),
    )
    nodes = _nodes(cluster, host_key(require(facts.identity).hostname))
    others = tuple(c for c in live.clusters if c.name != cluster.name)
    clusters = (*others, replace(fresh, nodes=nodes))
    return replace(facts, live=replace(live, stack="o2cb", clusters=clusters))


def _offline(cluster: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    """The kernel has nothing of it any more."""
    live = require(facts.live)
    others = tuple(c for c in live.clusters if c.name != cluster.name)
    return replace(facts, live=replace(live, clusters=others, domains=()))


EFFECTS: Effects = {
    "register-nodes": on_host(_online),
    "start-cluster": on_host(_online),
    "stop-cluster": on_host(_offline),
    "same-live-nodes": BARRIER,
    "peers-connect": BARRIER,
}

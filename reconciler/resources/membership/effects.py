"""What kernels have of the cluster after an action."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.effect import BARRIER, Effects, on_host
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, LiveCluster, LiveNode, require
from reconciler.model.plan import Action
from reconciler.model.roles import listed_members


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
    me = host_key(require(facts.identity).hostname)
    nodes = tuple(
        LiveNode(m.name, m.number or 0, str(m.interconnect), m.port, host_key(m.name) == me)
        for m in listed_members(cluster)
    )
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

"""What kernels will have of the cluster after an action (see ``planning.predicted``)."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.host_names import host_key
from reconciler.model.observed import (
    HostFacts,
    LiveCluster,
    LiveNode,
    Region,
    WantedDevice,
    known,
)
from reconciler.model.plan import Action
from reconciler.resources.cluster_conf.changes import wanted_nodes


def listed(cluster: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    """The kernel has the cluster with the wanted list."""
    live = known(facts.live)
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
    me = host_key(known(facts.identity).hostname)
    nodes = tuple(
        LiveNode(n.name, n.number, n.ip, n.port, host_key(n.name) == me)
        for n in wanted_nodes(cluster)
    )
    others = tuple(c for c in live.clusters if c.name != cluster.name)
    clusters = (*others, replace(fresh, nodes=nodes))
    return replace(facts, live=replace(live, stack="o2cb", clusters=clusters))


def offline(cluster: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    """The kernel has nothing of it any more."""
    live = known(facts.live)
    others = tuple(c for c in live.clusters if c.name != cluster.name)
    return replace(facts, live=replace(live, clusters=others, domains=()))


def timed(cluster: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    """The kernel has the delay of the file."""
    live = known(facts.live)
    delay = cluster.network.reconnect_delay_ms
    clusters = tuple(
        replace(c, reconnect_delay_ms=delay) if c.name == cluster.name else c
        for c in live.clusters
    )
    return replace(facts, live=replace(live, clusters=clusters))


def with_region(
    cluster: Cluster, facts: HostFacts, view: WantedDevice | None, *, on: bool
) -> HostFacts:
    """The heartbeat region of a volume comes with its mount, and goes with it."""
    if view is None or view.superblock is None:
        return facts
    live = known(facts.live)
    uuid = view.superblock.uuid.replace("-", "").upper()
    mine = (Region(uuid, view.device or ""),) if on else ()

    def with_it(found: LiveCluster) -> LiveCluster:
        kept = [r for r in found.regions if r.uuid.replace("-", "").upper() != uuid]
        return replace(found, regions=(*kept, *mine))

    clusters = tuple(with_it(c) if c.name == cluster.name else c for c in live.clusters)
    domains = tuple(d for d in live.domains if d.upper() != uuid)
    return replace(facts, live=replace(live, clusters=clusters, domains=domains))

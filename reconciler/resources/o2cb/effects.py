"""The settings, the units and the kernel's delay after an action."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.effect import BARRIER, Effects, on_host, units_become, written_file
from reconciler.model.observed import HostFacts, require
from reconciler.model.plan import Action


def _settings_written(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    return replace(facts, o2cb_config=written_file(action))


def _delay_set(cluster: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    """The kernel has the delay of the file."""
    live = require(facts.live)
    delay = cluster.network.reconnect_delay_ms
    clusters = tuple(
        replace(c, reconnect_delay_ms=delay) if c.name == cluster.name else c
        for c in live.clusters
    )
    return replace(facts, live=replace(live, clusters=clusters))


EFFECTS: Effects = {
    "write-o2cb-settings": on_host(_settings_written),
    "enable-o2cb": on_host(units_become(enabled=True)),
    "disable-o2cb": on_host(units_become(enabled=False)),
    "set-reconnect-delay": on_host(_delay_set),
    "same-timeouts": BARRIER,
}

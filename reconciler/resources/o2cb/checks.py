"""Whether the service can be driven: its stack, its heartbeat mode, its units."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import cluster_address, member_address
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, LiveCluster, Observed, require
from reconciler.model.outcome import Blocked, refuse_unread, refuse_unsupported
from reconciler.model.roles import restrict_to, staying
from reconciler.model.software import has_tools
from reconciler.model.unmanaged import GLOBAL, GO_LOCAL, STACK, leave_or_move, manager_of
from reconciler.resources.o2cb.changes import UNITS
from reconciler.resources.o2cb.parsing import parse_settings


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse other stacks and heartbeat modes, and units that cannot start."""
    if cluster.heartbeat.mode == "global":
        yield refuse_unsupported(
            cluster_address(cluster.name),
            f"the file asks for global heartbeat: {GLOBAL}",
            "write mode: local, for a cluster that is to be made, or that beats locally",
        )
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        stack = parse_settings(require(facts.o2cb_config).text or "").get("O2CB_STACK", "")
        if stack not in ("", "o2cb"):
            yield Blocked(
                "foreign-stack",
                member_address(host),
                f"{require(facts.o2cb_config).path} says O2CB_STACK={stack}: after its start the "
                f"host would be {manager_of(stack)}'s, and this version manages {STACK} only",
                leave_or_move(host, stack, require(facts.o2cb_config).path),
            )
        yield from _check_units(host, facts)
        live = require(facts.live).running(cluster.name)
        if live and (untold := _untold(live)):
            yield refuse_unread(
                host, f"{', '.join(untold)} in its kernel", "there is no such file"
            )
        if live and live.heartbeat_mode not in ("", "local"):
            yield refuse_unsupported(
                member_address(host),
                f"its running cluster has {live.heartbeat_mode} heartbeat: {GLOBAL}",
                GO_LOCAL.format(cluster=cluster.name),
            )


def _untold(live: LiveCluster) -> list[str]:
    """What configfs does not tell of a running cluster: taken for different, it would restart."""
    told = {
        "idle_timeout_ms": live.idle_timeout_ms,
        "keepalive_delay_ms": live.keepalive_delay_ms,
        "reconnect_delay_ms": live.reconnect_delay_ms,
        "heartbeat/dead_threshold": live.dead_threshold,
        "heartbeat/mode": live.heartbeat_mode or None,
    }
    return [name for name, value in told.items() if value is None]


def _check_units(host: str, facts: HostFacts) -> Iterator[Blocked]:
    for unit in require(facts.services):
        lacks = unit.name == UNITS[0] and unit.load == "not-found"
        absent = lacks and has_tools(require(facts.packages))  # else they bring it
        if unit.name in UNITS and (absent or unit.load == "masked"):
            yield Blocked(
                "unit-not-usable",
                member_address(host),
                f"{unit.name} is {unit.load}: the cluster would not start at boot",
                f"on {host}: systemctl unmask {unit.name}"
                if unit.load == "masked"
                else f"install the package that has {unit.name} on {host}",
            )

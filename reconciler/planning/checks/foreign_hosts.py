"""Hosts that shall leave, or have left, and may be somebody else's by now."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import member_address
from reconciler.model.desired import Cluster
from reconciler.model.devices import ref, view_of
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.outcome import Blocked
from reconciler.model.roles import GONE, leaving, restrict_to, staying, with_member_states
from reconciler.planning.resolve.numbering import conf_places, live_nodes
from reconciler.resources.cluster_conf.grammar import ConfInvalid, parse_conf


def drop_foreign_members(cluster: Cluster, observed: Observed) -> Cluster:
    """``cluster`` with those absent members gone of whom nothing is of this cluster."""
    out = {
        name: GONE
        for name, facts in restrict_to(observed, leaving(cluster)).answering_hosts().items()
        if not _is_listed(cluster, observed, name)
        and not _mounts(cluster, facts)
        and (_is_elsewhere(cluster, facts) or not _peers(cluster, facts))
    }
    return with_member_states(cluster, out)


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse to touch a host that our members list and that runs another cluster."""
    for name, facts in restrict_to(observed, leaving(cluster)).answering_hosts().items():
        if _is_elsewhere(cluster, facts):
            yield Blocked(
                "foreign-cluster",
                member_address(name),
                f"{name} shall leave {cluster.name}, and belongs to another cluster",
                f"see which host answers as {name}, and correct its ssh.host; if it is the "
                "member, take it out of the other cluster first",
            )


def _is_listed(cluster: Cluster, observed: Observed, name: str) -> bool:
    """Whether a member's kernel or file has it."""
    for facts in restrict_to(observed, staying(cluster)).answering_hosts().values():
        names = {host_key(node.name) for node in live_nodes(cluster, facts)}
        names |= {host_key(found) for found, _place in conf_places(cluster, facts)}
        if host_key(name) in names:
            return True
    return False


def _is_elsewhere(cluster: Cluster, facts: HostFacts) -> bool:
    """Whether its kernel or file has another cluster, or one of this name without our members."""
    if not isinstance(facts.live, Unknown):
        for live in facts.live.clusters:
            if live.nodes and live.name != cluster.name:
                return True
    if isinstance(facts.cluster_conf, Unknown):
        return False
    try:
        names = {c.name for c in parse_conf(facts.cluster_conf.text or "").clusters}
    except ConfInvalid:
        return False
    return bool(names) and cluster.name not in names


def _peers(cluster: Cluster, facts: HostFacts) -> bool:
    """Whether its own list has a member of ours, past or present."""
    ours = {host_key(m.name) for m in cluster.members}
    own = "" if isinstance(facts.identity, Unknown) else host_key(facts.identity.hostname)
    names = {host_key(node.name) for node in live_nodes(cluster, facts)}
    names |= {host_key(name) for name, _place in conf_places(cluster, facts)}
    return bool(names & ours - {own})


def _mounts(cluster: Cluster, facts: HostFacts) -> bool:
    """Whether it has a volume of ours mounted."""
    if isinstance(facts.mounts, Unknown) or isinstance(facts.wanted, Unknown):
        return False
    devices = {mount.device for mount in facts.mounts}
    views = (view_of(facts, ref(volume)) for volume in cluster.volumes)
    return any(view is not None and view.device in devices for view in views)

"""The planner: number, check, diff, act, link, digest; each pass a function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, ClusterPlan, Plan
from reconciler.model.refusals import member, not_supported, unreachable, unread
from reconciler.planning import graph
from reconciler.planning.digest import facts_digest, plan_id
from reconciler.planning.numbering import numbered
from reconciler.planning.order import link
from reconciler.planning.safety import violations
from reconciler.resources import RESOURCES, Resource


def make_plan(pairs: Sequence[tuple[Cluster, Observed]], targets: Sequence[str] = ()) -> Plan:
    """The plan of all clusters, each with what it observed; restricted to ``targets``."""
    clusters = tuple(restrict(cluster, observed, targets) for cluster, observed in pairs)
    digest = facts_digest([observed for _cluster, observed in pairs])
    return Plan(plan_id(clusters, digest), clusters, digest)


def restrict(cluster: Cluster, observed: Observed, targets: Sequence[str]) -> ClusterPlan:
    """The plan of one cluster, restricted to ``targets``; all of it without any."""
    return _targeted(plan_cluster(cluster, observed), targets)


def plan_cluster(cluster: Cluster, observed: Observed) -> ClusterPlan:
    """The plan of one cluster: everything that differs, and every reason to refuse."""
    cluster = numbered(cluster, observed)
    blocked = [*_check_states(cluster), *_check_reach(observed)]
    changes: list[Change] = []
    actions: list[Action] = []
    for resource in RESOURCES:
        unreads, readable = _readable(resource, cluster, observed)
        blocked += [*unreads, *resource.check(cluster, readable)]
        found = tuple(resource.diff(cluster, readable))
        changes += found
        actions += resource.actions(cluster, readable, found)
    plan = ClusterPlan(cluster.name, tuple(changes), link(actions), (), ())
    blocked += violations(cluster, observed, plan)
    return replace(plan, blocked=tuple(sorted(set(blocked))))


def _check_states(cluster: Cluster) -> Iterator[Blocked]:
    for item in cluster.members:
        if item.state != "present":
            yield not_supported(
                member(item.name),
                f"state: {item.state} is not acted upon yet",
                "leave it present, or do it by hand and remove the member from the file",
            )


def _check_reach(observed: Observed) -> Iterator[Blocked]:
    for item in observed.unreachable():
        yield unreachable(item.host, item.code, item.message)


def _readable(
    resource: Resource, cluster: Cluster, observed: Observed
) -> tuple[list[Blocked], Observed]:
    """The members in the file's order; one whose facts fall short counts as unreachable."""
    refused: list[Blocked] = []
    hosts: dict[str, HostFacts | Unreachable] = {}
    for name in (item.name for item in cluster.members if item.name in observed.hosts):
        facts = observed.hosts[name]
        hosts[name] = facts
        if isinstance(facts, Unreachable):
            continue
        needed = {key: getattr(facts, key) for key in resource.needs}
        short = [
            unread(name, key, value.reason)
            for key, value in needed.items()
            if isinstance(value, Unknown)
        ]
        if short:
            hosts[name] = Unreachable(name, "section-unread", short[0].message)
        refused += short
    return refused, Observed(hosts)


def _targeted(plan: ClusterPlan, targets: Sequence[str]) -> ClusterPlan:
    """What concerns the targets, and what that needs; everything without targets."""
    if not targets or f"cluster/{plan.name}" in targets:
        return plan
    chosen = frozenset(a.id for a in plan.actions if _matches(a.host, a.address, targets))
    needs = {action.id: frozenset(action.needs) for action in plan.actions}
    kept = graph.closure(needs, chosen)
    actions = tuple(action for action in plan.actions if action.id in kept)
    addresses = {action.address for action in actions}
    changes = tuple(
        change
        for change in plan.changes
        if _matches(change.host, change.address, targets) or change.address in addresses
    )
    return replace(plan, actions=actions, changes=changes)


def _matches(host: str, address: str, targets: Sequence[str]) -> bool:
    places = (member(host), address)
    return any(p == t or p.startswith(f"{t}/") for p in places for t in targets)

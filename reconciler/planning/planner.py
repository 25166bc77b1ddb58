"""The planner: number, check, diff, then act and link for every way-point; digest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from reconciler.model.addresses import cluster_address, is_at_or_below, member_address
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.outcome import Blocked, Finding, refuse_unread
from reconciler.model.plan import Action, Change, ClusterPlan, Plan
from reconciler.planning import between, graph, offline, pauses, reach, storage, strangers
from reconciler.planning.arriving import equipped, installs
from reconciler.planning.digest import facts_digest, plan_id, relevant
from reconciler.planning.forecast import findings
from reconciler.planning.notes import fencing, noted, quarantined
from reconciler.planning.numbering import numbered
from reconciler.planning.order import link
from reconciler.planning.outages import windows
from reconciler.planning.past import remembered
from reconciler.planning.rehearsal import Part, Rehearsal, rehearsed
from reconciler.planning.returning import could_return, taken_blocks, taken_numbers
from reconciler.planning.safety import violations
from reconciler.planning.strangers import told_apart
from reconciler.planning.turns import due_anew
from reconciler.planning.waypoints import AFTER_TURN, LAST, Waypoint, waypoints
from reconciler.resources import RESOURCES, Resource
from reconciler.resources.mounts.checks import busy
from reconciler.resources.workloads.guests import unstoppable


def make_plan(pairs: Sequence[tuple[Cluster, Observed]], targets: Sequence[str] = ()) -> Plan:
    """The plan of all clusters, each with what it observed; restricted to ``targets``."""
    clusters = tuple(restrict(cluster, observed, targets) for cluster, observed in pairs)
    facts = relevant(pairs)
    digest = facts_digest(facts)
    return Plan(plan_id(clusters, digest), clusters, digest, facts)


def restrict(cluster: Cluster, observed: Observed, targets: Sequence[str]) -> ClusterPlan:
    """The plan of one cluster, restricted to ``targets``; all of it without any.

    What nothing else forbids is refused if one of its actions could not start.
    """
    draft = drafted(cluster, observed)
    part = _targeted(draft.plan, targets)
    if part.blocked:
        return part
    if part.actions == draft.plan.actions:
        broken = draft.broken
    else:
        kept = {action.id for action in part.actions}
        parts = [(c, [a for a in actions if a.id in kept]) for c, actions in draft.parts]
        broken = rehearsed(draft.start, parts)
    return replace(part, blocked=broken)


def plan_cluster(cluster: Cluster, observed: Observed) -> ClusterPlan:
    """The plan of one cluster: everything that differs, and every reason to refuse."""
    return restrict(cluster, observed, ())


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan with its actions by way-point; ``broken`` if one could not start.

    ``start`` are the hosts once all is installed.
    """

    plan: ClusterPlan
    parts: Sequence[Part]
    start: Observed
    broken: tuple[Blocked, ...]


def drafted(cluster: Cluster, observed: Observed) -> Draft:
    """The whole plan, not yet judged by how it goes on its own predictions."""
    cluster = numbered(told_apart(cluster, observed), observed)
    cluster = remembered(cluster, observed)
    blocked = [*reach.check(cluster, observed), *taken_numbers(cluster, observed)]
    blocked += [*taken_blocks(cluster, observed), *strangers.check(cluster, observed)]
    blocked += pauses.check(cluster, observed)
    changes: list[Change] = []
    arriving = installs(cluster, observed)
    ready = equipped(cluster, observed, arriving)
    for resource in RESOURCES:
        facts = observed if resource.name == "packages" else ready
        unreads, readable = _readable(resource, cluster, facts)
        blocked += [*unreads, *resource.check(cluster, readable)]
        changes += resource.diff(cluster, readable)
    rehearsal = Rehearsal(ready.hosts)
    steps = _steps(cluster, rehearsal, arriving)
    actions = tuple(action for step in steps for action in step.actions)
    outages = windows([(step.point.because, step.actions) for step in steps], observed)
    blocked += [b for step in steps for b in step.violations]
    blocked += offline.check(cluster, observed, actions)
    blocked += storage.check(cluster, observed, actions)
    blocked += between.check(observed, actions)
    notes = (*noted(cluster, observed), *(fencing(cluster, observed) if actions else ()))
    found = findings(cluster, observed, changes)
    refused = tuple(sorted(set(blocked)))
    plan = ClusterPlan(cluster.name, tuple(changes), actions, outages, refused, notes, found)
    parts = [(step.point.cluster, step.actions) for step in steps]
    return Draft(plan, parts, ready, rehearsal.broken)


@dataclass(frozen=True, slots=True)
class _Step:
    """A way-point with what leads there, and what forbids it."""

    point: Waypoint
    actions: tuple[Action, ...]
    violations: tuple[Blocked, ...]


def _steps(cluster: Cluster, rehearsal: Rehearsal, arriving: tuple[Action, ...]) -> list[_Step]:
    """What is installed; then every way-point planned from where the one before leads."""
    observed = Observed(rehearsal.hosts)
    steps = [_Step(Waypoint(cluster), link(arriving), ())] if arriving else []
    used = {action.id for action in arriving}
    for point in waypoints(cluster, observed):
        early = due_anew(point.cluster, observed)
        found = [
            action
            for action in _actions(point.cluster, observed)
            if _is_meant(point, action)
            and not (action.host in early and action.kind in AFTER_TURN)
        ]
        linked = link([_unique(action, used) for action in found])
        actions = between.guarded(point.cluster, observed, linked)
        part = ClusterPlan(cluster.name, (), actions, (), ())
        rehearsal.run((point.cluster, actions))
        after = Observed(rehearsal.hosts)
        broken = (
            *violations(point.cluster, observed, part),
            *busy(point.cluster, observed),
            *unstoppable(point.cluster, observed),
            *could_return(point.cluster, quarantined(point.cluster, after), observed, after),
        )
        before = [step.actions for step in steps if step.actions]
        steps.append(_Step(point, _after(actions, before[-1] if before else ()), broken))
        used |= {action.id for action in actions}
        observed = after
    return steps


def _actions(cluster: Cluster, observed: Observed) -> Iterator[Action]:
    for resource in RESOURCES:
        _unreads, readable = _readable(resource, cluster, observed)
        yield from resource.actions(cluster, readable, tuple(resource.diff(cluster, readable)))


def _is_meant(point: Waypoint, action: Action) -> bool:
    if action.kind in LAST and point.last is not None:
        return action.address in point.last
    return point.kinds is None or action.kind in point.kinds


def _unique(action: Action, used: set[str]) -> Action:
    """The same thing may be done again at a later way-point."""
    if action.id not in used:
        return action
    turn = next(n for n in count(2) if f"{action.id}/{n}" not in used)
    return replace(action, id=f"{action.id}/{turn}")


def _after(actions: tuple[Action, ...], before: tuple[Action, ...]) -> tuple[Action, ...]:
    """``actions`` of which the first wait for the last of ``before``."""
    needed = {need for action in before for need in action.needs}
    last = tuple(sorted(action.id for action in before if action.id not in needed))
    return tuple(a if a.needs else replace(a, needs=last) for a in actions)


def _readable(
    resource: Resource, cluster: Cluster, observed: Observed
) -> tuple[list[Blocked], Observed]:
    """The members in the file's order; one whose facts fall short counts as unreachable."""
    refused: list[Blocked] = []
    hosts: dict[str, HostFacts | Unreachable] = {}
    for name in (name for name in resource.scope(cluster) if name in observed.hosts):
        facts = observed.hosts[name]
        hosts[name] = facts
        if isinstance(facts, Unreachable):
            continue
        needed = {key: getattr(facts, key) for key in resource.needs}
        short = [
            refuse_unread(name, key, value.reason)
            for key, value in needed.items()
            if isinstance(value, Unknown)
        ]
        if short:
            hosts[name] = Unreachable(name, "section-unread", short[0].message)
        refused += short
    return refused, Observed(hosts)


# Half of a new list, or of a window, is worse than none: of these a target takes all.
WHOLE = frozenset(
    {
        "unmount",
        "stop-service",
        "stop-guest",
        "migrate-guest",
        "stop-cluster",
        "write-quarantine",
    }
)
LISTING = frozenset(
    {
        "write-cluster-conf",
        "same-cluster-conf",
        "register-nodes",
        "start-cluster",
        "same-live-nodes",
    }
)


def _targeted(plan: ClusterPlan, targets: Sequence[str]) -> ClusterPlan:
    """What concerns the targets, and what that needs; everything without targets.

    What takes something away is done whole, with what gives it back, or not at all.
    """
    if not targets or cluster_address(plan.name) in targets:
        return plan
    chosen = frozenset(a.id for a in plan.actions if _matches(a.host, a.address, targets))
    chosen |= frozenset(a.id for a in plan.actions if _grows_with(a, plan.actions, chosen))
    needs = {action.id: _own_needs(action, plan.actions) for action in plan.actions}
    kept = graph.closure(needs, chosen)
    kinds = {action.kind for action in plan.actions if action.id in kept}
    if kinds & WHOLE:
        return plan
    if kinds & LISTING:
        lists = frozenset(a.id for a in plan.actions if a.kind in LISTING)
        kept = graph.closure(needs, kept | lists)
    actions = tuple(action for action in plan.actions if action.id in kept)
    addresses = {action.address for action in actions}
    changes = tuple(
        change
        for change in plan.changes
        if _matches(change.host, change.address, targets) or change.address in addresses
    )
    return replace(plan, actions=actions, changes=changes, findings=_left(plan, changes))


def _left(plan: ClusterPlan, changes: Sequence[Change]) -> tuple[Finding, ...]:
    """The findings, of which a part of the changes mends less."""
    due = {change.address for change in changes}
    return tuple(f if f.mended_by in due else replace(f, mended_by="") for f in plan.findings)


def _grows_with(action: Action, actions: Sequence[Action], chosen: Collection[str]) -> bool:
    """Whether it belongs to a volume's growth of which something is chosen: all or nothing."""
    return action.kind in LAST and any(
        a.id in chosen and a.kind in LAST and a.address == action.address for a in actions
    )


def _own_needs(action: Action, actions: Sequence[Action]) -> frozenset[str]:
    """Without other volumes' actions of its kind, after which it only waits for its turn."""
    turns = {a.id for a in actions if a.kind == action.kind and a.address != action.address}
    return (
        frozenset(action.needs) - turns if action.kind == "rescan" else frozenset(action.needs)
    )


def _matches(host: str, address: str, targets: Sequence[str]) -> bool:
    places = (member_address(host), address)
    return any(is_at_or_below(p, t) for p in places for t in targets)

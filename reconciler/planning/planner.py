"""The planner: number, check, diff, then act and link for every step of the rollout; digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count

from reconciler.frozen import frozen
from reconciler.model.desired import Cluster
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.outcome import Blocked, refuse_unread
from reconciler.model.plan import Action, Change, ClusterPlan, Plan
from reconciler.planning.checks import (
    cluster_health,
    foreign_hosts,
    offline_members,
    pauses,
    slotless_mounts,
    storage_hosts,
    two_clusters,
    unreachable,
)
from reconciler.planning.checks.foreign_hosts import drop_foreign_members
from reconciler.planning.checks.invariants import INVARIANT, violations
from reconciler.planning.checks.quarantine import (
    forgotten_lists,
    stale_host_violations,
    taken_blocks,
    taken_numbers,
)
from reconciler.planning.checks.rehearsal import Part, Rehearsal, rehearse
from reconciler.planning.checks.stolen_slots import stolen_slots
from reconciler.planning.installation import after_installation, install_actions
from reconciler.planning.order import follow, link
from reconciler.planning.remounts import remounts_due
from reconciler.planning.resolve.last_applied import with_last_applied
from reconciler.planning.resolve.member_record import present_roster, with_present_roster
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.planning.review.digest import facts_digest, plan_id, relevant
from reconciler.planning.review.forecast import findings
from reconciler.planning.review.notes import advisories, fencing, quarantined_hosts
from reconciler.planning.review.outages import windows
from reconciler.planning.review.passport_notes import passport_notes
from reconciler.planning.rollout import (
    AFTER_TURN,
    LAST,
    RolloutStep,
    rollout_steps,
)
from reconciler.planning.targets import restrict_plan
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
    draft = draft_plan(cluster, observed)
    part = restrict_plan(draft.plan, targets)
    part = replace(part, notes=(*part.notes, *passport_notes(part, cluster, observed)))
    if part.blocked:
        return part
    if part.actions == draft.plan.actions:
        broken = draft.broken
    else:
        kept = {action.id for action in part.actions}
        parts = [(c, [a for a in actions if a.id in kept]) for c, actions in draft.parts]
        broken = rehearse(draft.start, parts)
    return replace(part, blocked=broken)


def plan_cluster(cluster: Cluster, observed: Observed) -> ClusterPlan:
    """The plan of one cluster: everything that differs, and every reason to refuse."""
    return restrict(cluster, observed, ())


@frozen
class Draft:
    """A plan with its actions by step; ``broken`` if one could not start.

    ``start`` are the hosts once all is installed.
    """

    plan: ClusterPlan
    parts: Sequence[Part]
    start: Observed
    broken: tuple[Blocked, ...]


def present_record(cluster: Cluster, observed: Observed) -> str:
    """What each run of this cluster leaves on record before it changes anything, or nothing."""
    cluster = with_numbers(drop_foreign_members(cluster, observed), observed)
    return present_roster(cluster, observed)


@once_each(1)
def draft_plan(cluster: Cluster, observed: Observed) -> Draft:
    """The whole plan, not yet judged by how it goes on its own predictions."""
    cluster = with_numbers(drop_foreign_members(cluster, observed), observed)
    cluster = with_last_applied(cluster, observed)
    blocked = [*unreachable.check(cluster, observed), *taken_numbers(cluster, observed)]
    blocked += [*taken_blocks(cluster, observed), *foreign_hosts.check(cluster, observed)]
    blocked += [*forgotten_lists(cluster, observed), *pauses.check(cluster, observed)]
    blocked += two_clusters.check(cluster, observed)
    changes: list[Change] = []
    arriving = install_actions(cluster, observed)
    ready = after_installation(cluster, observed, arriving)
    for resource in RESOURCES:
        facts = observed if resource.name == "packages" else ready
        unreads, readable = _readable(resource, cluster, facts)
        blocked += [*unreads, *resource.check(cluster, readable)]
        changes += _diff(resource, cluster, readable)
    # Each run begins with it: by it later steps know whose a heartbeat of before is.
    noted = with_present_roster(cluster, ready)
    rehearsal = Rehearsal(noted.hosts)
    steps = _steps(cluster, noted, rehearsal, arriving)
    actions = tuple(action for step in steps for action in step.actions)
    outages = windows([(step.point.because, step.actions) for step in steps], observed)
    blocked += [b for step in steps for b in step.violations]
    blocked += offline_members.check(cluster, observed, actions)
    blocked += storage_hosts.check(cluster, observed, actions)
    blocked += cluster_health.check(observed, actions)
    blocked += slotless_mounts.check(cluster, observed, actions)
    notes = (*advisories(cluster, observed), *fencing(cluster, observed))
    found = findings(cluster, observed, changes)
    refused = tuple(sorted(set(_without_echoes(blocked))))
    plan = ClusterPlan(cluster.name, tuple(changes), actions, outages, refused, notes, found)
    parts = [(step.point.cluster, step.actions) for step in steps]
    return Draft(plan, parts, noted, rehearsal.broken)


def _without_echoes(blocked: Sequence[Blocked]) -> Iterator[Blocked]:
    """Without broken invariants of what is refused by name anyway.

    An invariant says that the plan is wrong, and by that that reconcile is. Actions on what could not be
    read, as a device without a path, break some as well; they never start, and the name says why.
    """
    named = {one.subject for one in blocked if not one.code.startswith(INVARIANT)}
    yield from (b for b in blocked if not (b.code.startswith(INVARIANT) and b.subject in named))


@frozen
class _Step:
    """A step with the actions that lead there, and what forbids it."""

    point: RolloutStep
    actions: tuple[Action, ...]
    violations: tuple[Blocked, ...]


def _steps(
    cluster: Cluster, observed: Observed, rehearsal: Rehearsal, arriving: tuple[Action, ...]
) -> list[_Step]:
    """What is installed; then every step planned from where the one before leads."""
    steps = [_Step(RolloutStep(cluster), link(arriving), ())] if arriving else []
    used = {action.id for action in arriving}
    for point in rollout_steps(cluster, observed):
        early = remounts_due(point.cluster, observed)
        found = [
            action
            for action in _actions(point.cluster, observed)
            if _is_meant(point, action)
            and not (action.host in early and action.kind in AFTER_TURN)
        ]
        linked = link([_unique(action, used) for action in found])
        actions = cluster_health.guard_actions(point.cluster, observed, linked)
        part = ClusterPlan(cluster.name, (), actions, (), ())
        rehearsal.run((point.cluster, actions))
        after = Observed(rehearsal.hosts)
        broken = (
            *violations(point.cluster, observed, part),
            *busy(point.cluster, observed),
            *unstoppable(point.cluster, observed),
            *stolen_slots(point.cluster, observed, after, actions),
            *stale_host_violations(
                point.cluster, quarantined_hosts(point.cluster, after), observed, after
            ),
        )
        before = [step.actions for step in steps if step.actions]
        steps.append(_Step(point, follow(actions, before[-1] if before else ()), broken))
        used |= {action.id for action in actions}
        observed = after
    return steps


def _actions(cluster: Cluster, observed: Observed) -> Iterator[Action]:
    for resource in RESOURCES:
        _unreads, readable = _readable(resource, cluster, observed)
        yield from resource.actions(cluster, readable, _diff(resource, cluster, readable))


@once_each()
def _diff(resource: Resource, cluster: Cluster, observed: Observed) -> tuple[Change, ...]:
    """What differs; the last step of a rollout asks what the plan has asked."""
    return tuple(resource.diff(cluster, observed))


def _is_meant(point: RolloutStep, action: Action) -> bool:
    if action.kind in LAST and point.last is not None:
        return action.address in point.last
    return point.kinds is None or action.kind in point.kinds


def _unique(action: Action, used: set[str]) -> Action:
    """The same thing may be done again at a later step."""
    if action.id not in used:
        return action
    turn = next(n for n in count(2) if f"{action.id}/{n}" not in used)
    return replace(action, id=f"{action.id}/{turn}")


@once_each()
def _readable(
    resource: Resource, cluster: Cluster, observed: Observed
) -> tuple[tuple[Blocked, ...], Observed]:
    """The members in the file's order; one whose facts fall short counts as unreachable.

    The first step of a rollout asks what the whole plan has asked.
    """
    seen = _in_scope(resource.scope, cluster, observed)
    refused: list[Blocked] = []
    short: dict[str, HostFacts | Unreachable] = {}
    for name, facts in seen.answering_hosts().items():
        found = [
            refuse_unread(name, key, value.reason)
            for key in resource.needs
            if isinstance(value := getattr(facts, key), Unknown)
        ]
        if found:
            short[name] = Unreachable(name, "section-unread", found[0].message)
        refused += found
    if not short:
        return tuple(refused), seen
    everybody = Observed({**observed.hosts, **short})
    return tuple(refused), Observed({**seen.hosts, **short}, everybody=everybody)


@once_each()
def _in_scope(
    scope: Callable[[Cluster], Sequence[str]], cluster: Cluster, observed: Observed
) -> Observed:
    """The hosts of some members: the same object for all resources that concern them.

    What one rule has worked out of it then serves the others.
    """
    hosts = observed.hosts
    found = {name: hosts[name] for name in scope(cluster) if name in hosts}
    return Observed(found, everybody=observed.whole)

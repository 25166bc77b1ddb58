"""``--target``: the part of a plan that concerns some addresses, with all that it needs.

What is all or nothing (``kinds``) is never cut: then the whole plan is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from reconciler.model.addresses import cluster_address, is_at_or_below, member_address
from reconciler.model.outcome import Finding
from reconciler.model.plan import Action, Change, ClusterPlan
from reconciler.planning import graph
from reconciler.planning.kinds import LISTS, WHOLE, having
from reconciler.planning.rollout import LAST

# Of what the whole plan would mend.
UNTARGETED = "apply once without --target: these targets do not mend it"


def restrict_plan(plan: ClusterPlan, targets: Sequence[str]) -> ClusterPlan:
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
    if kinds & {*having(WHOLE)}:
        return plan
    if kinds & {*having(LISTS)}:
        lists = frozenset(a.id for a in plan.actions if a.kind in having(LISTS))
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
    return tuple(
        replace(f, mended_by="", remedy=UNTARGETED)
        if f.mended_by and f.mended_by not in due
        else f
        for f in plan.findings
    )


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

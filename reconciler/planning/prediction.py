"""The hosts after a plan's actions: each resource's effects, one after the other (``model.effect``)."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.desired import Cluster
from reconciler.model.effect import Hosts
from reconciler.model.observed import Observed
from reconciler.model.plan import Action
from reconciler.planning.conditions import unmet
from reconciler.resources import EFFECTS


def predict(cluster: Cluster, observed: Observed, actions: Sequence[Action]) -> Observed:
    """The hosts after ``actions``, which lead to ``cluster``."""
    hosts = observed.hosts
    for action in actions:
        if not is_needless(action, Observed(hosts)):
            hosts = after(cluster, hosts, action)
    return Observed(hosts)


def is_needless(action: Action, observed: Observed) -> bool:
    """Whether there is nothing to do for an action."""
    return any(not unmet((fact,), observed) for fact in action.unless)


def after(cluster: Cluster, hosts: Hosts, action: Action) -> Hosts:
    """The hosts after one action that leads to ``cluster``."""
    return EFFECTS[action.kind](cluster, hosts, action)

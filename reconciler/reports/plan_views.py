"""Clusters as they were seen, in the words and pictures that documents show beside a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unreachable
from reconciler.model.plan import ClusterPlan, Plan
from reconciler.model.views import View
from reconciler.reports.facts import describe_host
from reconciler.reports.topology import topology


def plan_views(plan: Plan, pairs: Sequence[tuple[Cluster, Observed]]) -> Mapping[str, View]:
    """A view of each cluster of a plan, by its name."""
    planned = {cluster.name: cluster for cluster in plan.clusters}
    return {
        cluster.name: _view(cluster, observed, planned[cluster.name])
        for cluster, observed in pairs
    }


def _view(cluster: Cluster, observed: Observed, plan: ClusterPlan) -> View:
    found = {**observed.hosts, **observed.storage}
    return View(
        tuple(observed.hosts),
        len(observed.answering_hosts()),
        topology(cluster, observed, plan),
        {name: _facts(host) for name, host in found.items()},
    )


def _facts(host: HostFacts | Unreachable) -> tuple[tuple[str, str], ...]:
    if isinstance(host, Unreachable):
        return ((host.code, host.message),)
    return describe_host(host)

"""Whether a file is what its hosts have: it is planned from the facts just observed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.addresses import without_host
from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.plan import ClusterPlan
from reconciler.planning.planner import plan_cluster
from reconciler.reports.imported.draft import STYLES, Style


def fitting(cluster: Cluster, observed: Observed) -> tuple[Style, ClusterPlan]:
    """The style with which the least is refused and changed, and what still is."""
    tried = [(style, plan_cluster(_styled(cluster, style), observed)) for style in STYLES]
    return min(tried, key=lambda found: (len(found[1].blocked), len(found[1].changes)))


def _styled(cluster: Cluster, style: Style) -> Cluster:
    packages = cluster.packages.model_copy(update={"manage": style.manage})
    return cluster.model_copy(update={"files": style.files, "packages": packages})


def is_faithful(plan: ClusterPlan) -> bool:
    """Whether nothing would change, and nothing is refused."""
    return not (plan.changes or plan.actions or plan.blocked)


def verdict(plans: Sequence[ClusterPlan]) -> Iterator[str]:
    """What the file still does not say as it is, and what to mend; or that it is faithful."""
    if all(is_faithful(plan) for plan in plans):
        yield "Planning it changes nothing, as the hosts were then."
        return
    for plan in plans:
        if plan.changes:
            yield f"Hosts of {plan.name} disagree among themselves, or file with kernel."
            yield "Planning this file would still change:"
        groups: dict[tuple[str, str, str], list[str]] = {}
        for change in plan.changes:
            key = (without_host(change.address, change.host), change.truth, change.because)
            groups.setdefault(key, []).append(change.host)
        for (where, truth, because), hosts in groups.items():
            yield f"  {','.join(hosts)}  {where} ({truth}): {because}"
        for item in plan.blocked:
            yield f"Refused, {item.code}, {item.subject}: {item.message}"
            yield f"  to mend it: {item.remedy}"

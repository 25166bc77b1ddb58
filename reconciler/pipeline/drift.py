"""What differs from the file now, and who made the difference: the looks that it takes."""

from __future__ import annotations

import asyncio

from reconciler.model.desired import Cluster, Desired
from reconciler.model.observed import Observed
from reconciler.model.plan import ClusterPlan
from reconciler.observation import HostFactory, Options, Watch
from reconciler.observation.live_hosts import look_at
from reconciler.planning.planner import restrict
from reconciler.planning.review.drift import Drift, detect_drift, last_applied, record_notes
from reconciler.planning.review.origins import with_origins


async def find_drifts(
    desired: Desired, fleet: HostFactory, options: Options, watch: Watch | None = None
) -> tuple[Drift, ...]:
    """The drift of every cluster, from one look at its hosts, or two if the file has changed."""
    pairs = await look_at(desired, fleet, options, watch)
    asked = {cluster.name: cluster for cluster in desired.clusters}
    return tuple(
        await asyncio.gather(
            *(
                find_drift(
                    asked[c.name], (c, seen, restrict(c, seen, options.targets)), fleet, options
                )
                for c, seen in pairs
            )
        )
    )


async def find_drift(
    asked: Cluster,
    seen: tuple[Cluster, Observed, ClusterPlan],
    fleet: HostFactory,
    options: Options,
) -> Drift:
    """The drift of the cluster that is ``asked`` for, of which this was ``seen`` and planned."""
    applied = await plan_last_applied(asked, seen, fleet, options)
    cluster, observed, wanted = seen
    found = detect_drift(wanted, applied, tuple(record_notes(cluster, observed)))
    return with_origins(found, cluster, observed)


async def plan_last_applied(
    asked: Cluster,
    seen: tuple[Cluster, Observed, ClusterPlan],
    fleet: HostFactory,
    options: Options,
) -> ClusterPlan | None:
    """The plan back to what was last applied, as most members remember it; None if none does.

    That may name other members and devices, so that they are looked at, too.
    """
    cluster, observed, wanted = seen
    applied = last_applied(cluster, observed)
    if applied is None:
        return None
    if applied.clusters[0] == asked.for_hosts():
        return wanted
    ((before, then),) = await look_at(applied, fleet, options)
    return restrict(before, then, options.targets)

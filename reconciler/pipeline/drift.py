"""What differs from the file now, and who made the difference: the looks that it takes."""

from __future__ import annotations

import asyncio

from reconciler.model.desired import Cluster, Desired
from reconciler.model.observed import Observed
from reconciler.model.plan import ClusterPlan
from reconciler.observation import HostFactory, Options, Watch, look_at
from reconciler.planning.planner import restrict
from reconciler.planning.review.drift import Drift, detect_drift, last_applied, record_notes


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
    """The drift of the cluster that is ``asked`` for, of which this was ``seen`` and planned.

    What was last applied may name other members and devices, so that they are looked at, too.
    """
    cluster, observed, wanted = seen
    applied = last_applied(cluster, observed)
    notes = tuple(record_notes(cluster, observed))
    if applied is None:
        return detect_drift(wanted, None, notes)
    if applied.clusters[0] == asked:
        return detect_drift(wanted, wanted, notes)
    ((before, then),) = await look_at(applied, fleet, options)
    return detect_drift(wanted, restrict(before, then, options.targets), notes)

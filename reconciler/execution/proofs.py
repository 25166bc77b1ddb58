"""What a run has proven: its operations, on the kernels and tools that its hosts had at the end."""

from __future__ import annotations

from contextlib import suppress

from reconciler.errors import RecordFailed
from reconciler.execution.telling import Emit
from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.plan import ClusterPlan
from reconciler.passport.operations import operations
from reconciler.passport.platforms import join_platforms, platforms_by_host, together


def tell_proofs(emit: Emit, plan: ClusterPlan, cluster: Cluster, observed: Observed) -> None:
    """Of a cluster that has become as its file says, what the passport reads (``field_rows``).

    What was installed by the plan is known only now: so it stands at the end, and not where the run
    begins.
    """
    if found := operations(plan, cluster):
        where = join_platforms(together(platforms_by_host(cluster, observed).values()))
        with suppress(RecordFailed):  # done is done; it is only not on record
            emit("operations-proven", {"cluster": plan.name, "operations": found, **where})

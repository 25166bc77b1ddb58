"""The plan of a file from its hosts as they are now."""

from __future__ import annotations

from reconciler.cli.terminal import observing
from reconciler.cli.work import complete
from reconciler.hosts.doors import look_at_hosts
from reconciler.model.desired import Desired
from reconciler.model.plan import Plan
from reconciler.model.roles import contacted_members
from reconciler.observation import ClusterObservations, Options
from reconciler.observation.live_hosts import look_at
from reconciler.planning.planner import make_plan


def plan_live(
    desired: Desired, options: Options, *, no_color: bool
) -> tuple[Plan, ClusterObservations]:
    """Read the hosts and plan; writes nothing anywhere."""
    pairs = complete(_look(desired, options, no_color=no_color))
    return make_plan(pairs, options.targets), pairs


async def _look(desired: Desired, options: Options, *, no_color: bool) -> ClusterObservations:
    async with look_at_hosts(desired) as fleet:
        total = sum(len(contacted_members(cluster)) for cluster in desired.clusters)
        with observing(total, no_color=no_color) as watch:
            return await look_at(desired, fleet, options, watch)

"""The plan of a file: from its hosts as they are now, or from recorded facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from reconciler.cli.fleet import look_at_hosts
from reconciler.cli.targets import check_targets
from reconciler.cli.terminal import note, observing
from reconciler.cli.work import complete
from reconciler.loading import read
from reconciler.model.desired import Desired
from reconciler.model.plan import Plan
from reconciler.model.roles import contacted_members
from reconciler.pipeline import ClusterObservations, Options, plan_recorded
from reconciler.pipeline import plan as make
from reconciler.reports.facts import age


def plan_file(
    path: str, options: Options, *, facts: str | None = None, no_color: bool
) -> tuple[Plan, ClusterObservations]:
    """Read the hosts of a file, or what was recorded of them, and plan; writes nothing anywhere.

    Raises SpecInvalid for the file, UsageError for an unknown target.
    """
    desired = read(path)
    check_targets(desired, options.targets)
    return plan_desired(desired, options, facts=facts, no_color=no_color)


def plan_desired(
    desired: Desired, options: Options, *, facts: str | None = None, no_color: bool
) -> tuple[Plan, ClusterObservations]:
    """As ``plan_file``, of what was read and checked already."""
    if facts:
        return _recorded(desired, facts, options.targets)
    return complete(_live(desired, options, no_color=no_color))


async def _live(
    desired: Desired, options: Options, *, no_color: bool
) -> tuple[Plan, ClusterObservations]:
    async with look_at_hosts(desired) as fleet:
        total = sum(len(contacted_members(cluster)) for cluster in desired.clusters)
        with observing(total, no_color=no_color) as watch:
            return await make(desired, fleet, options, watch)


def _recorded(
    desired: Desired, path: str, targets: Sequence[str]
) -> tuple[Plan, ClusterObservations]:
    """From recorded facts, whose age is told: no host is connected to."""
    from reconciler.loading.saved import recorded_facts  # noqa: PLC0415  # only when needed

    found = recorded_facts(path)
    note(f"note: {age(found.observed_at, datetime.now(UTC))}")
    return complete(plan_recorded(desired, found.clusters, targets))

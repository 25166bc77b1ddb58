"""The plan of a file, made for a command that only tells about it."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.cli.fleet import connected
from reconciler.cli.targets import checked
from reconciler.cli.terminal import observing
from reconciler.loading import read
from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.plan import Plan
from reconciler.model.standing import contacted
from reconciler.pipeline import Options
from reconciler.pipeline import plan as make

Pairs = tuple[tuple[Cluster, Observed], ...]


async def planned(
    path: str, targets: Sequence[str], parallelism: int, *, no_color: bool
) -> tuple[Plan, Pairs]:
    """Read the hosts of a file, and plan; writes nothing anywhere.

    Raises SpecInvalid for the file, UsageError for an unknown target.
    """
    desired = read(path)
    checked(desired, targets)
    async with connected(desired) as fleet:
        total = sum(len(contacted(cluster)) for cluster in desired.clusters)
        with observing(total, no_color=no_color) as watch:
            return await make(desired, fleet, Options(tuple(targets), parallelism), watch)

"""What the laboratory has not proven of a plan: an operation on the kernels and tools of its hosts."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.plan import ClusterPlan
from reconciler.passport.operations import operations
from reconciler.passport.passport_rows import Row, find_row, lab_rows
from reconciler.passport.platforms import Platforms, is_as, platforms_by_host, together


def passport_notes(plan: ClusterPlan, cluster: Cluster, observed: Observed) -> Iterator[str]:
    """Once for each platform on which something is not proven, and once for all of them together.

    It is of the laboratory alone: what runs of the operator have shown is in their records, and
    `reconcile passport` tells it.
    """
    due = operations(plan, cluster)
    hosts = platforms_by_host(cluster, observed) if due else {}
    platforms, rows = together(hosts.values()), lab_rows()
    told: set[str] = set()
    for platform in platforms:
        if missing := unproven(due, (platform,), rows):
            names = [name for name, own in hosts.items() if is_as(own, platform)]
            yield _words(f"{platform} on {', '.join(names)}", missing)
            told.update(missing)
    rest = tuple(name for name in due if name not in told)
    if len(platforms) > 1 and (missing := unproven(rest, platforms, rows)):
        yield _words(" beside ".join(map(str, platforms)), missing)


def unproven(
    names: tuple[str, ...], platforms: Platforms, rows: tuple[Row, ...]
) -> tuple[str, ...]:
    """The operations of which no row is of these platforms."""
    return tuple(name for name in names if find_row(rows, platforms, name) is None)


def _words(where: str, missing: tuple[str, ...]) -> str:
    return (
        f"{where}: the laboratory has not proven there: {', '.join(missing)} "
        "(reconcile passport)"
    )

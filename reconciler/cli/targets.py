"""``--target``: an unknown one is an error, never "no changes"."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from reconciler.errors import UsageError
from reconciler.model.addresses import cluster_address, member_address, volume_address
from reconciler.model.desired import Desired


def known_targets(desired: Desired) -> tuple[str, ...]:
    """Every address that may be a target."""
    return tuple(
        address
        for cluster in desired.clusters
        for address in (
            cluster_address(cluster.name),
            *(member_address(member.name) for member in cluster.members),
            *(volume_address(volume.label) for volume in cluster.volumes),
        )
    )


def check_targets(desired: Desired, targets: Sequence[str]) -> None:
    """Raise UsageError for a target that the file does not have."""
    known = known_targets(desired)
    for target in targets:
        if target not in known:
            near = difflib.get_close_matches(target, known, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
            raise UsageError(f"unknown target {target!r}{hint}")

"""Nobody mounts beside a member whose mount has no slot on the disk any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.addresses import member_address, volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import ref, view_of
from reconciler.model.heartbeats import numbers_mounting
from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action
from reconciler.planning.kinds import ADMITS, having


def check(cluster: Cluster, observed: Observed, actions: Sequence[Action]) -> Iterator[Blocked]:
    """Refuse mounts beside it: they would take its slot, and wait for ever for its journal.

    Who has a list of its own clears the slots of others as it mounts (seen on 6.1).
    """
    for volume in cluster.volumes:
        joining = {action.host for action in actions if _mounts(volume, action)}
        for host, facts in observed.answering_hosts().items() if joining else ():
            numbers = numbers_mounting(cluster, volume, facts) if joining - {host} else ()
            view = view_of(facts, ref(volume)) if numbers else None
            slots = view.slot_map if view else None
            if slots is not None and not {slot.node for slot in slots}.issuperset(numbers):
                yield Blocked(
                    "cluster-not-well",
                    member_address(host),
                    f"{host} has {volume.label} mounted, and no slot of it on the disk: whoever "
                    f"mounts it now takes the slot that {host} works with, and waits for ever",
                    f"on {host}: end what uses the volume, and unmount it by hand; then plan again",
                )


def _mounts(volume: Volume, action: Action) -> bool:
    """Whether an action mounts it, or starts an agent that may."""
    if volume.mounted_by == "workload":
        return action.kind in having(ADMITS)
    return action.kind == "mount" and action.address == volume_address(volume.label)

"""Nobody mounts beside a member whose mount has no slot on the disk any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.addresses import member_address, volume_address
from reconciler.model.desired import Cluster
from reconciler.model.devices import ref, view_of
from reconciler.model.heartbeats import numbers_mounting
from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action


def check(cluster: Cluster, observed: Observed, actions: Sequence[Action]) -> Iterator[Blocked]:
    """Refuse mounts beside it: they would take its slot, and wait for ever for its journal.

    Who has a list of its own clears the slots of others as it mounts (seen on 6.1).
    """
    mounts = [action for action in actions if action.kind == "mount"]
    for volume in cluster.volumes if mounts else ():
        joining = {a.host for a in mounts if a.address == volume_address(volume.label)}
        for host, facts in observed.answering_hosts().items():
            numbers = numbers_mounting(cluster, volume, facts) if joining - {host} else ()
            view = view_of(facts, ref(volume)) if numbers else None
            held = {slot.node for slot in view.slot_map or ()} if view else set(numbers)
            if view and view.slot_map is not None and not held.issuperset(numbers):
                yield Blocked(
                    "cluster-not-well",
                    member_address(host),
                    f"{host} has {volume.label} mounted, and no slot of it on the disk: whoever "
                    f"mounts it now takes the slot that {host} works with, and waits for ever",
                    f"on {host}: end what uses the volume, and unmount it by hand; then plan again",
                )

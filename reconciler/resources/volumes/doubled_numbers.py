"""Another host writes to a volume under the number of a member that has it mounted."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.doubled_heartbeats import doubled_heartbeats
from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked
from reconciler.model.roles import restrict_to, staying
from reconciler.resources.volumes.changes import describe_device, views


def doubled_numbers(cluster: Cluster, volume: Volume, observed: Observed) -> Iterator[Blocked]:
    """Refuse a volume where a member's kernel finds another's blocks in the place of its own."""
    stays = restrict_to(observed, staying(cluster))
    hosts = stays.answering_hosts()
    for host, view in views(volume, stays).items():
        for device, number in doubled_heartbeats(hosts[host]):
            if device == view.node:
                yield Blocked(
                    "foreign-heartbeat",
                    volume_address(volume.label),
                    f"{describe_device(volume)}: another host writes its heartbeat as node "
                    f"{number}, which is {host}: the kernel of {host} finds the other's block in "
                    "the place of its own",
                    f"find the host whose cluster.conf gives it number {number} and that has the "
                    "volume mounted, and power it off at once: both write without locks. Then "
                    f"boot {host}, which others took for dead, and check the file system",
                )

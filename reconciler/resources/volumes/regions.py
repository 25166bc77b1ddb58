"""Who has a volume as a heartbeat region: a kernel beats also where nothing is mounted."""

from __future__ import annotations

from reconciler.model.desired import Cluster, Volume
from reconciler.model.heartbeats import heartbeat_view
from reconciler.model.observed import Observed, Unknown


def host_with_region(cluster: Cluster, volume: Volume, observed: Observed, node: int) -> str:
    """The host whose kernel beats on the volume under this number; empty if none is seen to."""
    view = heartbeat_view(cluster, volume, observed)
    if view is None or view.superblock is None:
        return ""
    uuid = view.superblock.uuid.replace("-", "").upper()
    for host, facts in observed.answering_hosts().items():
        for live in () if isinstance(facts.live, Unknown) else facts.live.clusters:
            own = {item.number for item in live.nodes if item.local}
            if node in own and uuid in {region.uuid.upper() for region in live.regions}:
                return host
    return ""

"""The names by which an operator may mean a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import kernel_path
from reconciler.model.observed import HostFacts, Observed, Unknown, device_ref


def aliases(pairs: Sequence[tuple[Cluster, Observed]]) -> Mapping[str, frozenset[str]]:
    """By device as in the file: every path that leads to it on every reached member."""
    found: dict[str, frozenset[str]] = {}
    for cluster, observed in pairs:
        for volume in cluster.volumes:
            names = [_names(volume, facts) for facts in observed.answering_hosts().values()]
            device = volume.device.wwid or volume.device.path or ""
            found[device] = frozenset.intersection(*names) if names else frozenset()
    return found


def _names(volume: Volume, facts: HostFacts) -> frozenset[str]:
    if isinstance(facts.wanted, Unknown) or isinstance(facts.disks, Unknown):
        return frozenset()
    device = volume.device
    wanted = device_ref(device.wwid, device.path, device.partition)
    node = next((item.node for item in facts.wanted if item.ref == wanted), None)
    disk = next((disk for disk in facts.disks if disk.name == node), None)
    if disk is None:
        return frozenset()
    wwid = frozenset({disk.wwid}) if disk.wwid else frozenset()
    return frozenset({kernel_path(disk), *disk.links}) | wwid

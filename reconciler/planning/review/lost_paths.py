"""Paths to disks that are down: the volume stays while another one is up, but not for longer."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import member_address
from reconciler.model.desired import Cluster
from reconciler.model.devices import ref, view_of, whole_disk
from reconciler.model.observed import HostFacts, require
from reconciler.model.outcome import Finding


def lost_paths(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Finding]:
    """One for each volume's disk of which a path is down; needs ``disks`` and ``wanted``."""
    disks = {disk.name: disk for disk in require(facts.disks)}
    for volume in cluster.volumes:
        view = view_of(facts, ref(volume))
        disk = whole_disk(facts, view) if view else None
        if disk is None:
            continue
        names = disk.slaves or (disk.name,)
        down = [name for name in names if name in disks and disks[name].down]
        if down:
            words = ", ".join(f"{name} ({disks[name].down})" for name in down)
            yield Finding(
                "path-down",
                member_address(host),
                f"of the disk of {volume.label}, {len(down)} of {len(names)} paths "
                f"{'is' if len(down) == 1 else 'are'} down: {words}",
                f"restore what is down (multipath -ll on {host} shows all paths)",
                "notice",
            )

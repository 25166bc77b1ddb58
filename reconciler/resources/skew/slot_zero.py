"""Members whose kernels would take the slot of node 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import has_mounted, ref
from reconciler.model.faulty_kernels import gives_slot_zero_away
from reconciler.model.observed import HostFacts, require
from reconciler.model.roles import listed_members, mounting_it
from reconciler.resources.skew.skewed_host import Skew


def slots_taken(
    cluster: Cluster, volume: Volume, hosts: Mapping[str, HostFacts]
) -> Iterator[Skew]:
    """Who is to mount beside node 0 with such a kernel; it would wait for ever for its journal."""
    zero = next((m.name for m in listed_members(cluster) if m.number == 0), None)
    if zero is None:
        return
    mounts = mounting_it(cluster, volume)
    for host in mounts:
        if host == zero or host not in hosts or zero not in mounts:
            continue
        release = require(hosts[host].kernel).running
        if gives_slot_zero_away(release):
            yield Skew(
                "slot-zero",
                host,
                f"its kernel {release} takes the slot of node 0, which {zero} has, for a free "
                "one: its mount would wait for ever",
                f"boot {host} with another kernel, or give {zero} another number in the file, as "
                "number: 1",
                joins=not has_mounted(hosts[host], ref(volume)),
            )

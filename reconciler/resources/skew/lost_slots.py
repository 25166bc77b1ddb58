"""Members whose kernels would take the slot of node 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.addresses import member_address
from reconciler.model.desired import Cluster
from reconciler.model.devices import has_mounted, ref
from reconciler.model.faulty_kernels import gives_slot_zero_away
from reconciler.model.observed import HostFacts, require
from reconciler.model.outcome import Finding
from reconciler.model.roles import is_withdrawn, listed_members, mounting_it
from reconciler.resources.skew.skewed_host import Skew

CODE = "slot-zero"


def lost_slots(cluster: Cluster, hosts: Mapping[str, HostFacts]) -> Iterator[Skew]:
    """Who mounts beside node 0 with such a kernel, now or after its next boot, each once."""
    for host, zero, is_mounted in _beside_zero(cluster, hosts):
        kernel = require(hosts[host].kernel)
        faulty = gives_slot_zero_away(kernel.running, kernel.version)
        release = kernel.running if faulty else kernel.next_boot or ""
        if faulty or gives_slot_zero_away(release):
            words = skew_words(host, release, zero, cluster)
            yield Skew(CODE, host, *words, joins=bool(faulty) and not is_mounted)


def doubtful_slots(cluster: Cluster, hosts: Mapping[str, HostFacts]) -> Iterator[Finding]:
    """Who is to mount beside node 0 with a kernel of which its name does not tell."""
    for host, zero, is_mounted in _beside_zero(cluster, hosts):
        kernel = require(hosts[host].kernel)
        release = kernel.running
        if gives_slot_zero_away(release, kernel.version) is None and not is_mounted:
            yield Finding(
                CODE,
                member_address(host),
                f"its kernel {release} may take the slot of node 0, which {zero} has, for a free "
                "one: its mount would wait for ever",
                f"find out on {host} which stable version it is made of (uname -v does not say), "
                f"and compare with reconcile explain {CODE}",
            )


def skew_words(host: str, release: str, zero: str, cluster: Cluster) -> tuple[str, str]:
    """What is wrong, and what to do."""
    taken = {member.number for member in listed_members(cluster)}
    free = next(number for number in range(1, 255) if number not in taken)
    stable = "numbering: stable and " if cluster.numbering == "compact" else ""
    return (
        f"its kernel {release} takes the slot of node 0, which {zero} has, for a free one: a "
        "mount there waits for ever",
        f"boot {host} with another kernel; or write {stable}number: {free} for {zero}, and "
        f"state: drained for {host} until that is applied",
    )


def _beside_zero(
    cluster: Cluster, hosts: Mapping[str, HostFacts]
) -> Iterator[tuple[str, str, bool]]:
    """Who shares a volume with node 0; who that is; whether it has all of those mounted."""
    zero = next((m.name for m in listed_members(cluster) if m.number == 0), None)
    if zero is None:
        return
    shared: dict[str, list[bool]] = {}
    for volume in cluster.volumes:
        mounts = mounting_it(cluster, volume)
        if not is_withdrawn(volume) and zero in mounts:
            for host in mounts:
                if host != zero and host in hosts:
                    shared.setdefault(host, []).append(has_mounted(hosts[host], ref(volume)))
    yield from ((host, zero, all(mounted)) for host, mounted in shared.items())

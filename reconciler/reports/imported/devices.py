"""Which disks of running hosts may hold a cluster's volumes, and by which name all find them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reconciler.model.desired import Device
from reconciler.model.lasting_names import takes_number, trust
from reconciler.model.observed import Disk, HostFacts, Unknown, device_ref
from reconciler.reports.imported.roster import Hosts

# Disks that no other host can have.
LOCAL = re.compile(r"(loop|ram|zram|sr|fd)[0-9]")
WWID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{3,127}")
PATH = re.compile(r"(?=.{6,255}$)/dev(/[A-Za-z0-9._:+@=-]+)+")
MOST = 200  # devices asked about; the probe's answer is bounded


def devices(hosts: Hosts) -> tuple[Device, ...]:
    """The devices to ask all hosts about, each by the best name that as many as possible have.

    What is mounted comes first: it is what a file must not leave out.
    """
    return _candidates(hosts)[:MOST]


def count_unasked(hosts: Hosts) -> int:
    """How many more there are than can be asked about."""
    return max(0, len(_candidates(hosts)) - MOST)


def _candidates(hosts: Hosts) -> tuple[Device, ...]:
    found: dict[str, Device] = {}
    mounted: set[str] = set()
    for facts in hosts.values():
        used = () if isinstance(facts.mounts, Unknown) else {m.device for m in facts.mounts}
        for disk in disks(facts):
            if (device := name_device(facts, disk, hosts)) is not None:
                found.setdefault(ref(device), device)
                mounted |= {ref(device)} if disk.device in used else set()
    return tuple(sorted(found.values(), key=lambda device: ref(device) not in mounted))


def ref(device: Device) -> str:
    """How the probe is asked for a device."""
    return device_ref(device.wwid, device.path, device.partition)


def disks(facts: HostFacts) -> Iterator[Disk]:
    """The disks and partitions of a host that something may be mounted from."""
    if isinstance(facts.disks, Unknown):
        return
    parents = {disk.parent for disk in facts.disks}
    held = {disk.name for disk in facts.disks if disk.holders}
    for disk in facts.disks:
        # The partition of a path is the map's, which made one of its own.
        lower = disk.name in held | parents or (disk.parent in held and not disk.dm_uuid)
        if disk.size and not lower and not LOCAL.match(disk.name):
            yield disk


def name_device(facts: HostFacts, disk: Disk, hosts: Hosts) -> Device | None:
    """The device as a file names it; None if the disk has no lasting name."""
    whole = _whole(facts, disk)
    if whole.wwid and WWID.fullmatch(whole.wwid):
        return Device(wwid=whole.wwid, partition=disk.partition)
    own = _best(disk.links, hosts)
    above = None
    if disk.partition is not None and not disk.dm_uuid:
        above = _best([link for link in whole.links if takes_number(link)], hosts)
    if above:
        return Device(path=above, partition=disk.partition)
    return Device(path=own) if own else None


def _whole(facts: HostFacts, disk: Disk) -> Disk:
    known = () if isinstance(facts.disks, Unknown) else facts.disks
    return next((item for item in known if item.name == disk.parent), disk)


def _best(links: Sequence[str], hosts: Hosts) -> str | None:
    """Of a disk's lasting names the one that most hosts have, then the most trustworthy."""
    ranked = [
        (-_count(link, hosts), rank, link)
        for link in links
        if PATH.fullmatch(link) and (rank := trust(link)) is not None
    ]
    return min(ranked, default=(0, 0, None))[2]


def _count(link: str, hosts: Hosts) -> int:
    return sum(
        any(link in disk.links for disk in facts.disks)
        for facts in hosts.values()
        if not isinstance(facts.disks, Unknown)
    )

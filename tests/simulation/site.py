"""Where a history takes place: hosts, their wiring, their disks; and how a wish names a disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.hosts.simulator.kernel import hypervisor, services
from reconciler.hosts.simulator.presets import Shape, add_storage, bare_hosts, partition, strip
from reconciler.hosts.simulator.state.devices import PATHS, Wiring
from reconciler.hosts.simulator.state.machine import Machine
from reconciler.hosts.simulator.state.unit import Unit
from tests.simulation.laws import Lawful

SAN = "san"
AGENT = "agent.service"
LUNS = ("lun1", "lun2")
PORTION = 1 << 30
TOOLS = "ocfs2-tools"
# What the repositories offer; hosts have an older version at first.
NEWER = "1.8.8-1"


@dataclass(frozen=True, slots=True)
class Site:
    """``hosts`` named by ``prefix``, each wired to two LUNs of one GiB; those of ``stripped`` have no packages.

    The first LUN has a partition table of the kind ``scheme``, if any. ``seed`` is the world's.
    """

    hosts: int
    prefix: str
    storage: Wiring
    scheme: str
    stripped: tuple[int, ...]
    seed: int

    def name(self, host: int) -> str:
        """The name of a host by its place."""
        return f"{self.prefix}{host % self.hosts + 1:02d}"

    def names(self) -> list[str]:
        """The hosts that may be members."""
        return [self.name(host) for host in range(self.hosts)]


def build(site: Site, ahead: int = 0) -> Lawful:
    """The world, booted: two LUNs, a storage host beside those that have WWIDs.

    Each second host's clock is ``ahead`` by so many seconds, the others' are behind by them.
    """
    world = Lawful(site.seed, names=tuple(site.names()), agent=AGENT)
    bare_hosts(site.hosts, Shape(site.storage, len(LUNS), PORTION, prefix=site.prefix), world)
    if PATHS[site.storage]:
        add_storage(world, SAN)
    if site.scheme:
        partition(world, scheme=site.scheme)
    world.starts = {
        (lun.name, number): part.start
        for lun in world.luns.values()
        for number, part in lun.partitions.items()
    }
    for host in site.stripped:
        strip(world.machines[site.name(host)])
    for place, name in enumerate(site.names()):
        machine = world.machines[name]
        machine.setup.skew = (-ahead, ahead)[place % 2]
        machine.units[AGENT] = Unit(enabled=True)
        services.start(machine, AGENT)
        machine.programs = {"guests": hypervisor.guests_program}
        machine.packaging.offers[TOOLS] = NEWER
    return world


def device(world: Lawful, site: Site, lun: str) -> dict[str, Any]:
    """How a file names a LUN; the first one by its partition, if it has one."""
    wwid = world.luns[lun].wwid
    named: dict[str, Any] = {"wwid": wwid} if wwid else {"path": path_of(site, lun)}
    return named | ({"partition": 1} if site.scheme and lun == LUNS[0] else {})


def path_of(site: Site, lun: str) -> str:
    """The stable path of a LUN that has no WWID."""
    if site.storage == "drbd":
        return f"/dev/drbd/by-res/{lun}/0"
    return f"/dev/vg0/{lun}" if site.storage == "lvm" else f"/dev/disk/by-id/lab-{lun}"


def source(world: Lawful, site: Site, machine: Machine, lun: str) -> str:
    """The device node of a LUN's volume on one host, as an operator would type it; empty: none."""
    part = 1 if site.scheme and lun == LUNS[0] else None
    found = [
        d
        for d in machine.running.devices
        if d.lun is world.luns[lun] and d.partition == part and d.serves
    ]
    return found[0].node if found else ""

"""A world that looks at itself after every event, and remembers every broken law."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.hosts.simulator import World
from reconciler.hosts.simulator.kernel.live import CLUSTER_CONF
from reconciler.hosts.simulator.kernel.texts import BadConfig, read_cluster_conf
from reconciler.hosts.simulator.state.machine import Machine
from reconciler.model.desired import Desired
from reconciler.model.plan import Plan

Law = Callable[[World, Machine, str], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Look:
    """What a run may rest on: in which boot of the host it began, when, and how long it took.

    By the run's own clock: an answer that was held up has made it longer.
    """

    boot: str
    began: float
    seconds: float


@dataclass(slots=True)
class Witness(World):
    """A world whose ``broken`` laws are those of I1 to I32 that a host can show."""

    broken: list[str] = field(default_factory=list)

    def record(self, host: str, what: str, detail: str = "") -> None:
        World.record(self, host, what, detail)
        if host in self.machines:
            for law in LAWS.get(what, ()):
                found = law(self, self.machines[host], detail)
                self.broken += [f"{self.now:g} {host}: {why}" for why in found]

    def asked(self, host: str, name: str) -> None:
        """A command that changes a host is about to be sent to it."""
        machine = self.machines[host]
        found = list(lists_agree(self, machine)) if name == "gate mount" else []
        self.broken += [f"{self.now:g} {host}: {why}" for why in found]

    def planned(self, run: str, desired: Desired, plan: Plan) -> None:
        """What a run is about to carry out."""

    def looked(self, run: str, host: str, look: Look) -> None:
        """A run has looked at a host."""

    def wrongs(self) -> list[str]:
        """Everything that must never happen and did."""
        return [f"{v.kind} {v.host}: {v.message}" for v in self.violations()] + self.broken


def file_is_whole(_world: World, machine: Machine, detail: str) -> Iterator[str]:
    """cluster.conf always parses, and has the host itself (I15), whatever somebody calls it now."""
    if not detail.startswith(f"{CLUSTER_CONF} "):
        return
    text = machine.files.text(CLUSTER_CONF)
    try:
        clusters = read_cluster_conf(text)
    except BadConfig as error:
        yield f"cluster.conf cannot be read: {error}"
        return
    names = {node.name for nodes in clusters.values() for node in nodes}
    count = re.findall(r"node_count = (\d+)", text)
    if not {machine.name, machine.short_name} & names or count != [str(len(names))]:
        yield f"cluster.conf has nodes {sorted(names)} and node_count {count}"


OTHER_FILE = "it is to mount while cluster.conf of {} is another"


def lists_agree(world: World, machine: Machine) -> Iterator[str]:
    """No run mounts while files or kernels of the members differ (I14)."""
    live, text = machine.running.live, machine.files.text(CLUSTER_CONF)
    mine = live.nodes if live else {}
    if not mine:
        yield "it is to mount without a live cluster"
    for name in sorted(mine.keys() & world.machines.keys()):
        other = world.machines[name]
        if not other.running.on:
            continue
        theirs = other.running.live
        if theirs is None or _numbers(theirs.nodes) != _numbers(mine):
            yield f"it is to mount while the live list of {name} is another"
        if other.files.text(CLUSTER_CONF) != text:
            yield OTHER_FILE.format(name)


def _numbers(nodes: dict) -> dict:
    return {name: (node.number, node.ip, node.port) for name, node in nodes.items()}


def formatted_once(world: World, machine: Machine, detail: str) -> Iterator[str]:
    """A device is formatted at most once, ever (I6)."""
    lun = machine.device(detail.split(maxsplit=1)[0]).lun.name
    formats = [event for event in world.trace if event.what == "formatted"]
    devices = [world.machines[e.host].device(e.detail.split()[0]) for e in formats]
    if [d.lun.name for d in devices if d].count(lun) > 1:
        yield f"{lun} is formatted again"


def dropped_only_unmounted(world: World, machine: Machine, detail: str) -> Iterator[str]:
    """A node leaves a kernel's list only while it has nothing mounted under that number (I11).

    One that the file has under the same number stays: its address or port is put right there.
    """
    name, number = detail.split()
    other = world.machines.get(name)
    if (name, int(number)) in filed_nodes(machine):
        return
    if other is None or not other.running.on or machine is other:
        return
    if any(mount.number == int(number) for mount in other.running.mounts):
        yield f"{name} is dropped while it has a volume mounted as node {number}"


def filed_nodes(machine: Machine) -> set[tuple[str, int]]:
    """Name and number of each node in a host's cluster.conf; nobody where it cannot be read."""
    try:
        clusters = read_cluster_conf(machine.files.text(CLUSTER_CONF))
    except BadConfig:
        return set()
    return {(node.name, node.number) for nodes in clusters.values() for node in nodes}


def not_under_a_mount(_world: World, machine: Machine, detail: str) -> Iterator[str]:
    """o2cb is not restarted where a volume is mounted (I12)."""
    if machine.busy:
        yield f"{detail} is restarted under a mount"


LAWS: dict[str, tuple[Law, ...]] = {
    "wrote": (file_is_whole,),
    "formatted": (formatted_once,),
    "node-removed": (dropped_only_unmounted,),
    "restart-ignored": (not_under_a_mount,),
}

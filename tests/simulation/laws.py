"""The invariants of a cluster that a simulated world can show, each by its number.

A row is asked after every event of its kind. What an operator types breaks none: a law binds runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.hosts.simulator import World
from reconciler.hosts.simulator.gate import lease
from reconciler.hosts.simulator.kernel.live import CLUSTER_CONF
from reconciler.hosts.simulator.kernel.texts import read_fstab
from reconciler.hosts.simulator.state import lease_file
from reconciler.hosts.simulator.state.devices import Device
from reconciler.hosts.simulator.state.disk import Filesystem
from reconciler.hosts.simulator.state.machine import Machine
from reconciler.model.desired import Desired
from reconciler.model.gate_call import Permit
from reconciler.model.plan import Plan
from tests.invariant_monitor import (
    OTHER_FILE,
    Look,
    Witness,
    dropped_only_unmounted,
    file_is_whole,
    filed_nodes,
    lists_agree,
)
from tests.simulation.laws_of_runs import BEGINS, Begun, Intent, takes_turns, volumes_on

if TYPE_CHECKING:
    from tests.simulation.wish import Wish

Law = Callable[["Lawful", Machine, str], Iterator[str]]
# What the simulator itself calls a disaster, and the invariant that forbids it.
DISASTERS = {
    "interleaved-runs": 1,
    "overlapping-commands": 1,
    "fsck-of-mounted": 2,
    "tunefs-of-mounted": 2,
    "format-of-mounted": 2,
    "split-brain": 3,
    "live-journal-replayed": 3,
    "slot-taken": 3,
    "different-volume": 4,
    "restamped": 4,
    "format-of-data": 6,
    "short-device": 8,
    "fsck-of-short-device": 8,
    "node-number-shared": 11,
    "guest-runs-twice": 17,
}
# Facts of other hosts may be so many seconds old (I5): what was typed since is not yet known.
FRESH = 30.0
OFFLINE = frozenset({"gate check-fs", "gate add-slots", "gate set-label", "gate format"})


@dataclass(slots=True)
class Lawful(Witness):
    """A world that asks every law; ``is_typing`` while somebody types, who last did ``typed_at``.

    ``meant`` are the LUNs of all files so far, each with its mount points, ``listed`` the hosts
    that are members of some file, ``away`` those that somebody attests to be down, ``retyped`` those
    whose cluster.conf is as somebody typed it, and when. ``sizes`` are those that file systems had, ``starts`` those of
    partitions by LUN and number.

    ``names`` are the hosts by their places, ``agent`` the unit of a service that uses volumes.
    ``files`` are those that controllers apply, ``intents`` what each run has planned for its
    own, ``looks`` its last one at each host, ``taken`` from whom it has taken which file system.
    ``backed_up`` are the addresses of volumes of which a backup was begun, ``read_only`` the paths
    where a file wanted that.
    """

    is_typing: bool = False
    typed_at: float = -FRESH
    meant: dict[str, set[str]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    away: set[str] = field(default_factory=set)
    retyped: dict[str, float] = field(default_factory=dict)
    forgetful: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    formats: set[str] = field(default_factory=set)
    starts: dict[tuple[str, int], int] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    agent: str = ""
    files: list[tuple[Desired, Wish]] = field(default_factory=list)
    intents: dict[str, Intent] = field(default_factory=dict)
    looks: dict[tuple[str, str], Look] = field(default_factory=dict)
    taken: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    backed_up: set[str] = field(default_factory=set)
    read_only: set[str] = field(default_factory=set)

    def record(self, host: str, what: str, detail: str = "") -> None:
        World.record(self, host, what, detail)
        if self.is_typing or host not in self.machines:
            return
        if what in ("wrote", "archived") and detail.split(" ", maxsplit=1)[0] == CLUSTER_CONF:
            self.retyped.pop(host, None)
        if what == "mounted":
            for taken in self.taken.values():
                taken.discard(host)
        for number, law in LAWS.get(what, ()):
            found = law(self, self.machines[host], detail)
            self.broken += [f"{number} at {self.now:g} s {host}: {why}" for why in found]

    def disaster(self, kind: str, host: str, message: str) -> None:
        World.disaster(self, kind, host, message)
        excuses = (self._are_strangers, self._is_by_boot_alone)
        if not self.is_typing and not any(excuse(kind, host, message) for excuse in excuses):
            self.broken.append(f"{DISASTERS[kind]} at {self.now:g} s {host}: {kind}: {message}")

    def _are_strangers(self, kind: str, host: str, message: str) -> bool:
        """Whether a disk differs on a host of which this one's list does not know."""
        live = self.machines[host].running.live
        other = message.rsplit(" on ", 1)[-1]
        return kind == "different-volume" and live is not None and other not in live.nodes

    def _is_by_boot_alone(self, kind: str, host: str, message: str) -> bool:
        """Whether no run mounts, and a list was typed, or is that of a host in quarantine.

        What keeps such a host out is no run's doing: who would have may crash.
        """
        if kind not in ("split-brain", "live-journal-replayed"):
            return False
        pair = {host, message.rsplit(" ", 1)[-1]}
        stale = {
            entry["name"]
            for machine in self.machines.values()
            for path, file in machine.files.by_path.items()
            if path.endswith("/quarantine.json")
            for entry in json.loads(file.text)["hosts"]
        }
        return not lease.is_working(self.machines[host]) and bool(
            pair & (stale | self.retyped.keys())
        )

    def asked(self, host: str, name: str) -> None:
        fresh = self.now - self.typed_at <= FRESH
        if name == "gate mount" and not fresh:
            found = set(lists_agree(self, self.machines[host])) - self._typed_since_the_plan(
                host
            )
            self.broken += [f"14 at {self.now:g} s {host}: {why}" for why in sorted(found)]

    def _typed_since_the_plan(self, host: str) -> set[str]:
        """Of the files of other members a plan knows, and what a run writes; the next plan, the rest.

        Of a host's own file the gate knows, which refuses: lists-differ.
        """
        planned = max((intent.since for intent in self.intents.values()), default=0.0)
        late = {name for name, at in self.retyped.items() if at >= planned}
        return {OTHER_FILE.format(name) for name in (self.names if host in late else late)}

    def names_of(self, wish: Wish, *states: str) -> set[str]:
        """The hosts of a file, or those of its members that are to be in one of the states."""
        chosen = [one for one in wish.members if not states or one.state in states]
        return {self.names[one.host % len(self.names)] for one in chosen}

    def planned(self, run: str, desired: Desired, plan: Plan) -> None:
        """What a run is about to carry out, for its file."""
        wish = next(wish for file, wish in reversed(self.files) if file is desired)
        self.intents[run] = Intent(wish, plan, {a.id: a for a in plan.actions}, self.now)

    def looked(self, run: str, host: str, look: Look) -> None:
        """What the commands of a run may rest on there."""
        self.looks[run, host] = look

    def begins(self, host: str, permit: Permit) -> None:
        """A command of a run begins: what binds it and its plan is asked."""
        if (intent := self.intents.get(permit.run)) is None:
            return
        begun = Begun(permit, intent, intent.actions.get(permit.action))
        for number, law in BEGINS:
            found = law(self, self.machines[host], begun)
            self.broken += [f"{number} at {self.now:g} s {host}: {why}" for why in found]

    def wrongs(self) -> list[str]:
        """What broke; a disaster is among it with its invariant's number."""
        return list(self.broken)


def _volume_of(world: Lawful, label: str) -> Filesystem | None:
    """The only file system with a label; None where it is not certain which one it is."""
    found = [fs for fs in world.filesystems() if fs.label == label]
    return found[0] if len(found) == 1 else None


def nobody_mounts(world: Lawful, machine: Machine, detail: str) -> Iterator[str]:
    """What needs the volume unmounted everywhere begins only where it is (I2, I30)."""
    fs = _volume_of(world, detail.split(" ", maxsplit=1)[0])
    for other, mount in world.mounters(fs) if fs else ():
        yield f"{fs.label} is mounted on {other.name} at {mount.path}"


def _is_named(world: Lawful, device: Device) -> bool:
    """Whether a file names the disk; without a WWID it names a path, and what is behind it."""
    return device.lun.wwid is None or device.lun.name in world.meant


def is_meant(world: Lawful, machine: Machine, detail: str) -> Iterator[str]:
    """Only a disk that some file names is formatted (I4, I6)."""
    device = machine.device(detail.split(" ", maxsplit=1)[0])
    if device is None or not _is_named(world, device):
        yield f"{detail} is on a disk that no file names"


def mounts_what_is_meant(world: Lawful, machine: Machine, _detail: str) -> Iterator[str]:
    """A run mounts a disk that a file names, where it says (I4)."""
    mount = machine.running.mounts[-1]
    if not lease.is_working(machine):
        return
    lun = mount.device.lun
    paths = world.meant.get(lun.name, set()) if lun.wwid else set().union(*world.meant.values())
    if mount.path not in paths:
        yield f"{lun.name} is mounted at {mount.path}, which no file says"


def mounts_beside_listed(_world: Lawful, machine: Machine, _detail: str) -> Iterator[str]:
    """A run mounts beside the heartbeats of listed nodes only (I3)."""
    mount = machine.running.mounts[-1]
    if not lease.is_working(machine):
        return
    live = machine.running.live
    known = live.address_by_number if live else {}
    for number, beat in mount.fs.beats.items():
        if beat.stopped is None and number not in known:
            yield f"{beat.host} beats as {number}, which is not on the list here"


def nothing_is_at_work(world: Lawful, machine: Machine, _detail: str) -> Iterator[str]:
    """No run mounts the only volume while something works on it unmounted (I7)."""
    if len(world.meant) > 1 or not lease.is_working(machine):
        return
    for other in world.machines.values():
        for _worker, name in other.busy:
            if name in OFFLINE:
                yield f"{name} is at work on {other.name}"


def nobody_remounts(world: Lawful, machine: Machine, detail: str) -> Iterator[str]:
    """While a volume is worked on unmounted, what uses it on members stands still (I7).

    A mask does not outlive a boot: who has booted since the plan was made has none.
    """
    intent = world.intents.get(lease_file.read(machine).run)
    fs = _volume_of(world, detail.split(" ", maxsplit=1)[0])
    if intent is None or fs is None or not lease.is_working(machine):
        return
    used = [
        volume
        for volume in intent.wish.volumes
        if volume.services and any(one is fs for one in volumes_on(world, volume.lun))
    ]
    for name in sorted(world.names_of(intent.wish, "present")) if used else ():
        other = world.machines[name]
        unit = other.units.get(world.agent)
        if unit is None or not other.running.on:
            continue
        if unit.active == "active":
            yield f"{world.agent} of {name} is active while {fs.label} is worked on"
        elif not other.is_masked(world.agent) and other.running.since < intent.since:
            yield f"{world.agent} of {name} may start while {fs.label} is worked on"


def formatted_once(world: Lawful, machine: Machine, detail: str) -> Iterator[str]:
    """A disk is formatted at most once, ever (I6)."""
    device = machine.device(detail.split(" ", maxsplit=1)[0])
    name = device.lun.name if device else ""
    if name in world.formats:
        yield f"{name} is formatted again"
    world.formats.add(name)


def never_shrinks(world: Lawful, _machine: Machine, detail: str) -> Iterator[str]:
    """A file system only grows (I8)."""
    label, _, size = detail.rpartition(" ")
    fs = _volume_of(world, label)
    if fs is None:
        return
    if int(size) < world.sizes.get(fs.uuid, 0):
        yield f"{label} had {world.sizes[fs.uuid]} bytes, and has {size}"
    world.sizes[fs.uuid] = int(size)
    world.backed_up.discard(f"volume/{label}")


def partition_stays(world: Lawful, machine: Machine, detail: str) -> Iterator[str]:
    """A partition begins where it began (I10)."""
    node, number, _end = detail.split(" ")
    device = machine.device(node)
    if device is None:
        return
    start = device.lun.partitions[int(number)].start
    if world.starts.setdefault((device.lun.name, int(number)), start) != start:
        yield f"partition {number} of {node} begins at {start} now"


def goes_offline_unmounted(_world: Lawful, machine: Machine, detail: str) -> Iterator[str]:
    """The cluster is taken offline only where nothing is mounted (I12)."""
    if machine.running.mounts:
        yield f"{detail} goes offline under a mount"


def is_unused(_world: Lawful, machine: Machine, detail: str) -> Iterator[str]:
    """No run stops or restarts o2cb where a volume is mounted (I12)."""
    if lease.is_working(machine):
        yield f"{detail} is stopped or restarted under a mount"


def is_owed(_world: Lawful, machine: Machine, detail: str) -> Iterator[str]:
    """A run stops a service only after the host has written down that it is owed (I17)."""
    books = [
        file.text
        for path, file in machine.files.by_path.items()
        if path.endswith("/stopped.json")
    ]
    if lease.is_working(machine) and not any(f'"{detail}"' in text for text in books):
        yield f"{detail} is stopped, and no record says so"


def no_boot_mounts(world: Lawful, machine: Machine, detail: str) -> Iterator[str]:
    """While a volume is worked on unmounted no member's boot mounts it (I31)."""
    if not lease.is_working(machine):
        return
    fs = _volume_of(world, detail.split(" ", maxsplit=1)[0])
    for name in sorted(world.listed - world.away):
        other = world.machines[name]
        if fs is not None and boots_into(other, world, fs):
            yield f"{name} would mount {fs.label} if it booted now"


def boots_into(machine: Machine, world: Lawful, fs: Filesystem) -> bool:
    """Whether a host would mount a file system by itself at its next boot."""
    unit = machine.units.get("o2cb.service")
    luns = [name for name, lun in world.luns.items() if any(_contents(lun, fs))]
    if unit is None or not unit.enabled or machine.dead_maps & set(luns):
        return False
    if "O2CB_ENABLED=true" not in machine.files.text("/etc/default/o2cb"):
        return False
    paths = {path for lun in luns for path in world.meant.get(lun, ())}
    lines = read_fstab(machine.files.text("/etc/fstab"))
    return any(
        line.kind == "ocfs2"
        and line.path in paths
        and _may_be(machine, line.source, luns)
        and "_netdev" in line.options
        and "noauto" not in line.options
        for line in lines
    )


def _may_be(machine: Machine, source: str, luns: list[str]) -> bool:
    """Whether a name is that of one of these LUNs, or of nothing now: a path may be another's since."""
    device = machine.device(source)
    return device is None or device.lun.name in luns


def _contents(lun: object, fs: Filesystem) -> Iterator[bool]:
    yield lun.whole.content is fs  # type: ignore[attr-defined]
    for part in lun.partitions.values():  # type: ignore[attr-defined]
        yield part.extent.content is fs


def keeper_stays(world: Lawful, machine: Machine, _detail: str) -> Iterator[str]:
    """Who was dropped while it was off finds somebody of its last list, if it boots (I32).

    Of a list that an operator typed on it before it died nobody else can know.
    """
    if world.forgetful or not lease.is_working(machine):
        return
    for stale in world.machines.values():
        listed = filed_nodes(stale)
        if stale.running.on or not listed or stale.name in world.retyped:
            continue
        for fs in world.filesystems():
            mounters = [(other.name, mount.number) for other, mount in world.mounters(fs)]
            lives = [o.running.live for o, _ in world.mounters(fs) if o.running.live]
            if any(stale.name in live.nodes for live in lives) or not mounters:
                continue
            if boots_into(stale, world, fs) and not listed & set(mounters):
                yield f"{stale.name} is off, and nobody of its list keeps {fs.label}: {mounters}"


UNMOUNTED = ((2, nobody_mounts), (7, nobody_remounts), (31, no_boot_mounts))
LAWS: dict[str, tuple[tuple[int, Law], ...]] = {
    "wrote": ((15, file_is_whole),),
    "formatted": ((6, formatted_once), (4, is_meant)),
    "mounted": (
        (3, mounts_beside_listed),
        (4, mounts_what_is_meant),
        (7, nothing_is_at_work),
        (32, keeper_stays),
    ),
    "unmounted": ((21, takes_turns), (32, keeper_stays)),
    "checked": UNMOUNTED,
    "slots-added": UNMOUNTED,
    "labelled": UNMOUNTED,
    "resized": ((8, never_shrinks),),
    "partition-grown": ((10, partition_stays),),
    "node-removed": ((11, dropped_only_unmounted), (32, keeper_stays)),
    "cluster-offline": ((12, goes_offline_unmounted),),
    "restart-ignored": ((12, is_unused),),
    "stop-ignored": ((12, is_unused),),
    "unit-stopped": ((17, is_owed),),
}

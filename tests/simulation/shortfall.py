"""What a cluster that is said to be converged does not have (I13): the file against the world.

Only simulated state is read here, nothing that the product observed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from reconciler.hosts.simulator.kernel.mount_options import VFS_OPTIONS
from reconciler.hosts.simulator.kernel.texts import read_fstab
from reconciler.hosts.simulator.state.disk import Filesystem
from reconciler.hosts.simulator.state.machine import Machine
from tests.simulation.laws import Lawful
from tests.simulation.laws_of_runs import USUAL
from tests.simulation.wish import MemberWish, VolumeWish, Wish

GIB = 1 << 30
# Alignment at both ends, the backup of a GPT, less than one cluster.
SLACK = 8 << 20
Names = Mapping[int, str]


def fall_short(world: Lawful, wish: Wish, names: Names) -> list[str]:
    """Everything that the file asks for and the world does not have, or has beside it."""
    found = [*_mounts(world, wish, names), *_lists(world, wish, names)]
    for one in wish.members:
        if one.state in ("present", "drained"):
            found += _member(world.machines[names[one.host]], one, wish)
        if one.state == "present":
            found += _idle(world, names[one.host], wish)
    for volume in wish.volumes:
        found += _volume(world, volume, wish, names)
    return [
        why if why[:2].isdigit() else f"13 said to be converged, yet {why}" for why in found
    ]


def _mounts(world: Lawful, wish: Wish, names: Names) -> Iterator[str]:
    wanted = {
        (names[one.host], f"{volume.label} {volume.path}")
        for one in wish.members
        if one.state == "present"
        for volume in wish.volumes
    }
    places = {volume.path for volume in wish.volumes}
    have = {
        (name, f"{mount.fs.label} {mount.path}")
        for name in names.values()
        for mount in world.machines[name].running.mounts
        if mount.path in places
    }
    if missing := sorted(wanted - have):
        yield f"not mounted: {missing}"
    if left := sorted(have - wanted):
        yield f"still mounted: {left}"


def _lists(world: Lawful, wish: Wish, names: Names) -> Iterator[str]:
    inside = {names[one.host] for one in wish.members if one.state in ("present", "drained")}
    lists = {
        tuple(sorted((n.number, n.name, n.ip, n.port) for n in live.nodes.values()))
        for name in inside
        if (live := world.machines[name].running.live) is not None
    }
    if len(lists) != 1:
        yield f"14 said to be converged, with lists {sorted(lists)}"


def _member(machine: Machine, one: MemberWish, wish: Wish) -> Iterator[str]:
    live = machine.running.live
    node = live.nodes.get(machine.name) if live else None
    if live is None or node is None:
        yield f"{machine.name} is not in its own live list"
        return
    wanted = (machine.setup.addresses[one.network][1], one.port)
    if (node.ip, node.port) != wanted:
        yield f"{machine.name} is at {node.ip}:{node.port}, not {wanted}"
    if one.number is not None and node.number != one.number:
        yield f"{machine.name} has the number {node.number}, not {one.number}"
    timeouts = {**USUAL, **wish.timeouts, "dead_threshold": wish.threshold}
    for key, value in timeouts.items():
        if getattr(live, key) != value:
            yield f"{key} of {machine.name} is {getattr(live, key)}, not {value}"
    yield from _boot(machine, one, wish)
    if one.state == "present":  # who is drained gets its workloads back when it serves again
        yield from _debts(machine, wish)


def _boot(machine: Machine, one: MemberWish, wish: Wish) -> Iterator[str]:
    lines = {
        line.path
        for line in read_fstab(machine.files.text("/etc/fstab"))
        if line.kind == "ocfs2"
    }
    for volume in wish.volumes:
        wanted = volume.at_boot and one.state == "present"
        if (volume.path in lines) != wanted:
            yield f"{machine.name} mounts {volume.label} at boot: {volume.path in lines}"
    for mount in machine.running.mounts:
        asked = [v.options for v in wish.volumes if v.path == mount.path]
        if asked and not set(asked[0]) & VFS_OPTIONS <= {*mount.options}:
            yield f"{mount.path} of {machine.name} has the options {mount.options}, not {asked[0]}"


def _debts(machine: Machine, wish: Wish) -> Iterator[str]:
    """What a run has stopped, and the file still names, runs again (I17)."""
    named = {
        "services": any(volume.services for volume in wish.volumes),
        "disabled": any(volume.services for volume in wish.volumes),
        "guests": any(volume.guests for volume in wish.volumes),
    }
    for path, file in machine.files.by_path.items():
        if path.endswith("/stopped.json"):
            book = json.loads(file.text)
            owed = [
                item
                for kind, is_named in named.items()
                if is_named
                for item in book.get(kind, [])
            ]
            if owed:
                yield f"17 said to be converged, yet {machine.name} is owed {owed}"


def _idle(world: Lawful, name: str, wish: Wish) -> Iterator[str]:
    """The service of a volume runs where it is mounted: here nobody stops it by hand (I17)."""
    unit = world.machines[name].units[world.agent]
    if any(volume.services for volume in wish.volumes) and unit.active != "active":
        yield f"17 said to be converged, yet {world.agent} of {name} does not run: {unit}"


def _volume(world: Lawful, volume: VolumeWish, wish: Wish, names: Names) -> Iterator[str]:
    lun, sizes = world.luns[volume.lun], list(_sizes(world, volume, wish, names))
    extents = [lun.whole, *(part.extent for part in lun.partitions.values())]
    found = [(e.size, e.content) for e in extents if isinstance(e.content, Filesystem)]
    if not found:
        yield f"{volume.label} is nowhere"
        return
    fs = found[0][1]
    size = min([found[0][0], *sizes])
    least = min(volume.gib * GIB, size) if volume.gib else size
    if fs.size + SLACK < least:
        yield f"{volume.label} has {fs.size} bytes, not {least}"
    if volume.gib and fs.size > volume.gib * GIB + SLACK:
        yield f"{volume.label} has {fs.size} bytes, more than the {volume.gib} GiB of the file"
    present = sum(one.state in ("present", "drained") for one in wish.members)
    if fs.slots < max(volume.slots or 0, present):
        yield f"{volume.label} has {fs.slots} slots for {present} members"


def _sizes(world: Lawful, volume: VolumeWish, wish: Wish, names: Names) -> Iterator[int]:
    """What kernels know: of a disk that is no SCSI disk nobody hears that it has grown."""
    for one in wish.members:
        if one.state == "present":
            for device in world.machines[names[one.host]].running.devices:
                if device.lun is world.luns[volume.lun] and device.serves:
                    yield device.size

"""Invariants of what a run does with its plan and its file, each by its number.

A row of ``BEGINS`` is asked as a command of a run begins on a host, of which the run has told what
it wants, what it has planned, and what it has looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.gate import lease
from reconciler.hosts.simulator.state import lease_file
from reconciler.hosts.simulator.state.disk import Filesystem
from reconciler.hosts.simulator.state.machine import Machine, Mount
from reconciler.model.gate_call import Permit

if TYPE_CHECKING:
    from reconciler.model.plan import Action, Plan
    from tests.simulation.laws import Lawful
    from tests.simulation.wish import VolumeWish, Wish

# Facts are good for so many seconds, after a look of at most that length (I5); the gate counts whole ones.
FRESH, LONGEST_LOOK, WHOLE = 30, 60, 1
# A write of a run's own records rests on no facts but those that it checks itself.
RECORDS = "record "
# What is planned of a volume, or of what it is on, after its check alone (I9).
AFTER_CHECK = frozenset(
    {
        *("add-slots", "set-label", "grow-unmounted", "grow-file-system", "mount"),
        *("grow-backing", "rescan", "grow-partition", "reread-partition"),
    }
)
# What needs a volume that nobody has mounted: whoever plans it takes it from all.
UNMOUNTED = frozenset({"check-file-system", "add-slots", "set-label", "grow-unmounted"})
# What takes something from a host, makes its I/O wait, or changes what all kernels know (I29).
DISTURBS = frozenset(
    {
        *("migrate-guest", "stop-guest", "stop-service", "unmount", "stop-cluster"),
        *("register-nodes", "rescan", "grow-file-system"),
    }
)
# Seconds for which a cluster may be ill before a run must know: what was well just before a look.
KNOWN = FRESH + 5


# What the kernel has where the file says nothing; of these only a restart of all brings others.
USUAL = {"idle_timeout_ms": 30000, "keepalive_delay_ms": 2000, "reconnect_delay_ms": 2000}
# What the plan says of who gets another number or address.
MOVES = re.compile(r"(\S+) becomes node (\d+) at ([\d.]+):")


@dataclass(frozen=True, slots=True)
class Intent:
    """What a run wants, and its plan, with the actions by their ids, made at the time ``since``."""

    wish: Wish
    plan: Plan
    actions: Mapping[str, Action]
    since: float

    def volume(self, action: Action) -> VolumeWish | None:
        """The volume of the file that an action is about."""
        words = action.address.split("/")
        found = [v for v in self.wish.volumes if words[:2] == ["volume", v.label]]
        return found[0] if found else None

    def plans(self, kinds: frozenset[str], label: str) -> bool:
        """Whether something of these kinds is planned of a volume."""
        planned = self.actions.values()
        return any(a.kind in kinds and a.address.split("/")[1:2] == [label] for a in planned)


@dataclass(frozen=True, slots=True)
class Begun:
    """A command of a run that begins; ``action`` is None for its records."""

    permit: Permit
    intent: Intent
    action: Action | None

    @property
    def kind(self) -> str:
        """What it does."""
        return self.action.kind if self.action else ""


Law = Callable[["Lawful", Machine, Begun], Iterator[str]]


def rests_on_fresh_facts(world: Lawful, machine: Machine, begun: Begun) -> Iterator[str]:
    """The run has looked at the host in this boot, a moment ago (I5)."""
    name = begun.permit.action
    look = world.looks.get((begun.permit.run, machine.name))
    if name.startswith(RECORDS):
        return
    if look is None or look.boot != machine.running.boot_id:
        yield f"{name} begins in a boot of which its run has seen nothing"
    elif world.now > look.began + min(look.seconds, LONGEST_LOOK) + FRESH + WHOLE:
        yield f"{name} begins {world.now - look.began:g} s after its run has looked"


def checks_before_all_else(world: Lawful, _machine: Machine, begun: Begun) -> Iterator[str]:
    """A file system of which a change was cut short is checked before anything is done (I9)."""
    if begun.kind not in AFTER_CHECK or begun.action is None:
        return
    volume = begun.intent.volume(begun.action)
    for fs in volumes_on(world, volume.lun) if volume else ():
        if fs.inprog:
            yield f"{begun.kind} begins after a change of {fs.label} that was cut short"


def rests_on_a_backup(world: Lawful, _machine: Machine, begun: Begun) -> Iterator[str]:
    """Of a volume that its file has backed up a backup of its size of now is noted (I18)."""
    if begun.kind == "back-up" and begun.action is not None:
        world.backed_up.add(begun.action.address)
    if begun.kind != "grow-unmounted" or begun.action is None:
        return
    volume, address = begun.intent.volume(begun.action), begun.action.address
    if volume is None or not volume.backup:
        return
    if address not in world.backed_up:
        yield f"{volume.label} grows, and no backup was begun since it grew last"
    for fs in volumes_on(world, volume.lun):
        if not any(_knows_backup(one, fs) for one in world.machines.values()):
            yield f"{volume.label} grows, and nobody knows of a backup of {fs.size} bytes"


def _knows_backup(machine: Machine, fs: Filesystem) -> bool:
    """Whether a host has noted, in this boot, that there is one."""
    for path, file in machine.files.by_path.items():
        if path.endswith(f"/backup-{fs.uuid}.json"):
            noted = json.loads(file.text)
            is_current = noted["boot"] == machine.running.boot_id and noted["bytes"] == fs.size
            if is_current and noted["ended"] is not None:
                return True
    return False


def is_well(world: Lawful, _machine: Machine, begun: Begun) -> Iterator[str]:
    """What disturbs a host begins only while all members see their cluster well (I29).

    A recovery that is under way, a connection that a firewall cuts, and a volume that became
    read-only; what has just begun nobody knows yet.
    """
    if begun.kind not in DISTURBS or begun.action is None:
        return
    volume = begun.intent.volume(begun.action)
    apart = volume.path if volume and begun.kind == "unmount" else ""
    for machine, mount in _serving(world, begun.intent.wish):
        ill = [*_unfinished(world, machine, mount), *_cut(world, machine, mount)]
        if mount.path != apart:
            ill += _read_only(world, machine, mount)
        yield from (f"{begun.kind} begins while {why}" for why in ill)


def _serving(world: Lawful, wish: Wish) -> Iterator[tuple[Machine, Mount]]:
    """What the hosts of a file that answer have mounted of its volumes, where all see it."""
    systems = [fs for volume in wish.volumes for fs in volumes_on(world, volume.lun)]
    for name in sorted(world.names_of(wish)):
        machine = world.machines[name]
        if machine.running.on and not machine.refusal:
            for mount in machine.running.mounts:
                if mount.pid == 1 and any(mount.fs is fs for fs in systems):
                    yield machine, mount


def _read_only(world: Lawful, machine: Machine, mount: Mount) -> Iterator[str]:
    if "ro" in mount.options and mount.path not in world.read_only and _lasts(world):
        yield f"{mount.path} of {machine.name} is read-only"


def _unfinished(world: Lawful, machine: Machine, mount: Mount) -> Iterator[str]:
    live = machine.running.live
    for number in mount.fs.slot_map.values() if live else ():
        beat = mount.fs.beats.get(number)
        if beat is None or beat.stopped is None or live is None:
            continue
        listed = beat.host if number in live.address_by_number else ""
        if listed and listed not in world.away and world.now > beat.stopped + KNOWN:
            yield f"{beat.host} is not recovered from {mount.fs.label}"


def _cut(world: Lawful, machine: Machine, mount: Mount) -> Iterator[str]:
    live = machine.running.live
    if not machine.filtered or live is None or not _lasts(world):
        return
    for node in live.nodes.values():
        other = world.machines.get(node.name)
        shares = other and any(there.fs is mount.fs for there in other.running.mounts)
        if f"{node.ip}:{node.port}" in machine.filtered and shares and other is not machine:
            yield f"{machine.name} is cut off from {node.name}"


def _lasts(world: Lawful) -> bool:
    """Whether what somebody did last is known by now."""
    return world.now > world.typed_at + KNOWN


def volumes_on(world: Lawful, lun: str) -> list[Filesystem]:
    """The file systems on a LUN."""
    disk = world.luns[lun]
    extents = [disk.whole, *(part.extent for part in disk.partitions.values())]
    return [e.content for e in extents if isinstance(e.content, Filesystem)]


def takes_turns(world: Lawful, machine: Machine, detail: str) -> Iterator[str]:
    """No more members than the file allows are without a volume at a time (I21).

    Of those that the run has it taken from, and that are to keep it. Not so where file or plan take
    it from all, for what cannot be done otherwise: then it is an outage.
    """
    if not lease.is_working(machine):
        return
    run, label = lease_file.read(machine).run, detail.split(" ", maxsplit=1)[0]
    for fs in world.filesystems():
        if fs.label == label:
            world.taken.setdefault((run, fs.uuid), set()).add(machine.name)
    if (intent := world.intents.get(run)) is None:
        return
    keepers = world.names_of(intent.wish, "present")
    for volume in intent.wish.volumes:
        for fs in volumes_on(world, volume.lun):
            taken = world.taken.get((run, fs.uuid), set()) & keepers
            without = sorted(taken - {other.name for other, _ in world.mounters(fs)})
            if len(without) > _most(intent.wish) and not _is_outage(world, intent, volume):
                yield f"{volume.label} is taken from {without} at a time"


def _most(wish: Wish) -> int:
    """How many members may be without their volumes at a time."""
    share = wish.max_unavailable
    if isinstance(share, int):
        return share
    return max(1, len(wish.members) * int(share.removesuffix("%")) // 100)


def _is_outage(world: Lawful, intent: Intent, volume: VolumeWish) -> bool:
    """Whether something is due that cannot be done by turns."""
    return (
        intent.wish.rollout == "window"
        or intent.plans(UNMOUNTED, volume.label)
        or _is_retimed(world, intent.wish)
        or _moves_over_another(world, intent.wish)
        or _exchanges(world, intent.plan)
    )


def _is_retimed(world: Lawful, wish: Wish) -> bool:
    """Whether a kernel has other timeouts than the file."""
    wanted = {**USUAL, **wish.timeouts, "dead_threshold": wish.threshold}
    wanted.pop("reconnect_delay_ms")
    lives = [world.machines[name].running.live for name in sorted(world.names_of(wish))]
    return any(getattr(one, key) != wanted[key] for one in lives if one for key in wanted)


def _moves_over_another(world: Lawful, wish: Wish) -> bool:
    """Whether a volume takes a path that another one had."""
    return any(
        one.path in world.meant.get(other, ())
        for one in wish.volumes
        for other in world.meant
        if other != one.lun
    )


def _exchanges(world: Lawful, plan: Plan) -> bool:
    """Whether somebody gets what another has who moves in the same turn."""
    for outage in (outage for part in plan.clusters for outage in part.outages):
        moves = MOVES.findall(outage.because)
        for name, number, ip in moves:
            for other, *_ in moves:
                live = world.machines[other].running.live
                now = live.local if live and other != name else None
                if now is not None and (now.number == int(number) or now.ip == ip):
                    return True
    return False


BEGINS: tuple[tuple[int, Law], ...] = (
    (5, rests_on_fresh_facts),
    (9, checks_before_all_else),
    (18, rests_on_a_backup),
    (29, is_well),
)

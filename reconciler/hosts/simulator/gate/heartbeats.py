"""The gate's look at the heartbeats of a volume, just before a tool mounts or writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.reply import Waits, refusal

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.disk import Filesystem
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.model.gate_call import Target

NUMBER = r"(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])"
ITEM = re.compile(rf"(?P<number>{NUMBER})(?:(?P<how>[=~])(?P<block>[0-9a-f]{{64}}))?")
LIST = rf"-|{NUMBER}([=~][0-9a-f]{{64}})?(,{NUMBER}([=~][0-9a-f]{{64}})?)*"


OWN_APART = 5.0  # seconds between two looks at our own block
DEAD_TIME, MOST_DEAD_TIME = 60_000, 600_000  # milliseconds: where no block tells, and the most


def refuse_strangers(machine: Machine, fs: Filesystem, on: Target) -> None:
    """Refuses every heartbeat that the list does not explain; waits where it must.

    What is said to be dead must have stood still for twice the largest dead time on the disk
    before this host's eyes, by the uptime of this boot. Under global heartbeat nobody beats here.
    """
    if fs.global_heartbeat:
        raise refusal("heartbeat-mode-differs", f"the heartbeat of {on.node} is global")
    items = [m for m in map(ITEM.fullmatch, on.beats.split(",")) if m]
    if strangers := list(_look(machine, fs, items)):
        machine.record("heartbeat-refused", f"{fs.label} node {strangers}")
        numbers = ", ".join(map(str, strangers))
        why = f"{on.node} has a heartbeat that nothing explains, of number {numbers}"
        raise refusal("foreign-heartbeat", why)
    frozen = [(int(m["number"]), m["block"]) for m in items if m["how"] == "~"]
    left = [_age(machine, fs, *item) for item in frozen if item[0] in _beating(fs)]
    if not left:
        return
    longest = max(beat.dead_ms for beat in fs.beats.values()) or DEAD_TIME
    if longest > MOST_DEAD_TIME:
        why = f"{on.node} has a block with a dead time of {longest} ms, which nobody waits for"
        raise refusal("foreign-heartbeat", why)
    if (wait := round(2 * longest / 1000 - min(left), 3)) > 0:
        machine.record("waits", f"{fs.label} {wait:g} s for what stands still")
        raise Waits(wait)


def refuse_our_number(machine: Machine, fs: Filesystem, node: str) -> None:
    """Before a mount our own block moves only if another host has our number."""
    live = machine.running.live
    own = live.local.number if live and live.local else None
    beat = None if own is None else fs.beats.get(own)
    if own is None or beat is None or not beat.generation:
        return
    if any(mount.fs is fs for mount in machine.running.mounts):
        return
    block, now = beat.block(own, machine.world.now), machine.uptime
    seen = [
        at
        for (uuid, number, other), at in machine.running.sightings.items()
        if (uuid, number) == (fs.uuid, own) and other != block and now - at < 2 * OWN_APART
    ]
    if seen:
        why = f"another host writes the heartbeat of number {own}, this host's, to {node}"
        raise refusal("foreign-heartbeat", why)
    if (wait := round(OWN_APART - _age(machine, fs, own, block), 3)) > 0:
        raise Waits(wait)


def _beating(fs: Filesystem) -> list[int]:
    return [number for number, beat in sorted(fs.beats.items()) if beat.generation]


def _look(machine: Machine, fs: Filesystem, items: list[re.Match[str]]) -> Iterator[int]:
    """The numbers that beat and that nothing explains."""
    going = {int(m["number"]) for m in items if not m["how"]}
    exact = {(int(m["number"]), m["block"]) for m in items if m["how"]}
    for number in _beating(fs):
        block = fs.beats[number].block(number, machine.world.now)
        if number not in going and (number, block) not in exact:
            yield number


def _age(machine: Machine, fs: Filesystem, number: int, block: str) -> float:
    """Seconds since this block was first seen here; a block that changed is another one."""
    sightings = machine.running.sightings
    first = sightings.setdefault((fs.uuid, number, block), machine.uptime)
    return machine.uptime - first

"""What befalls hosts: mishaps that somebody may let happen to a simulated host, and end again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import hypervisor, mounting, power
from reconciler.hosts.simulator.state.errors import ImpossibleWorld
from reconciler.hosts.simulator.state.guests import Guest

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine, Mount

ENOUGH = 2  # paths, so that one may go down
CONF, FSTAB = "/etc/ocfs2/cluster.conf", "/etc/fstab"
STANZA = re.compile(r"^node:\n(?:[ \t]+.*\n?)*\n*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mishap:
    """``happens`` and ``ends`` say what they did; ImpossibleWorld: there is nothing to do it to.

    Without ``ends`` it is the next apply that mends it.
    """

    happens: Callable[[Machine], str]
    ends: Callable[[Machine], str] | None = None


def _unmount(machine: Machine) -> str:
    mount = _mounted(machine)
    if users := [p.command for p in machine.running.processes if _is_below(p.path, mount)]:
        raise ImpossibleWorld(f"{mount.path} is in use by {', '.join(users)}")
    mounting.unmount(machine, mount)
    return f"umount {mount.path}"


def _forget_mount(machine: Machine) -> str:
    lines = machine.files.text(FSTAB).splitlines(keepends=True)
    kept = [line for line in lines if line.split()[2:3] != ["ocfs2"]]
    if kept == lines:
        raise ImpossibleWorld(f"{FSTAB} has no line of OCFS2")
    _edit(machine, FSTAB, "".join(kept))
    return f"the lines of OCFS2 are out of {FSTAB}"


def _forget_node(machine: Machine) -> str:
    """The last node that is not the host itself, as by a careless hand: the count stays."""
    text = machine.files.text(CONF)
    others = [m for m in STANZA.finditer(text) if f"name = {machine.short_name}\n" not in m[0]]
    if not others:
        raise ImpossibleWorld(f"{CONF} names no other node")
    start, end = others[-1].span()
    _edit(machine, CONF, text[:start] + text[end:])
    return f"one node is out of {CONF}"


def _cut_power(machine: Machine) -> str:
    if not machine.running.on:
        raise ImpossibleWorld("it is off already")
    power.cut(machine)
    return "its power is cut"


def _switch_on(machine: Machine) -> str:
    if machine.running.on:
        raise ImpossibleWorld("it is on already")
    power.switch_on(machine)
    return "it boots, and mounts what its fstab says"


def _lose_path(machine: Machine) -> str:
    """All but the last one: a host that cannot write its heartbeat fences itself."""
    up = [path for path in _paths(machine) if path not in machine.down_paths]
    if len(up) < ENOUGH:
        raise ImpossibleWorld(f"no path is to spare, {len(up)} to its disk is up")
    machine.down_paths.add(up[-1])
    return f"the path {up[-1]} to its disk is down, {len(up) - 1} left"


def _regain_paths(machine: Machine) -> str:
    if not machine.down_paths:
        raise ImpossibleWorld("all its paths are up")
    machine.down_paths.clear()
    return "all paths to its disk are up"


def _start_guest(machine: Machine) -> str:
    mount, name = _mounted(machine), _guest(machine)
    if name in hypervisor.running(machine):
        raise ImpossibleWorld(f"{name} runs there already")
    hypervisor.add(machine, Guest(name, f"{mount.path}/{name}.qcow2", stubborn=True))
    return f"the guest {name} runs from {mount.path}, and heeds no shutdown"


def _end_guest(machine: Machine) -> str:
    name = _guest(machine)
    if name not in hypervisor.running(machine):
        raise ImpossibleWorld("no stuck guest runs there")
    machine.world.guests[name].stubborn = False
    hypervisor.virsh(machine, ("virsh", "shutdown", "--domain", name))
    return f"the guest {name} has shut down"


def _guest(machine: Machine) -> str:
    return f"stuck-{machine.short_name}"


def _mounted(machine: Machine) -> Mount:
    if not machine.running.mounts:
        raise ImpossibleWorld("nothing of OCFS2 is mounted there")
    return machine.running.mounts[0]


def _is_below(path: str, mount: Mount) -> bool:
    return path.startswith(f"{mount.path}/")


def _paths(machine: Machine) -> list[str]:
    """The paths of its maps, in the order of their names."""
    maps = [d for d in machine.running.devices if d.dm_uuid.startswith("mpath-")]
    return sorted({path for device in maps for path in device.slaves})


def _edit(machine: Machine, path: str, text: str) -> None:
    files = machine.files
    files.write(path, replace(files.by_path[path], text=text))


MISHAPS: Mapping[str, Mishap] = MappingProxyType(
    {
        "umount": Mishap(_unmount),
        "fstab": Mishap(_forget_mount),
        "node": Mishap(_forget_node),
        "power": Mishap(_cut_power, _switch_on),
        "path": Mishap(_lose_path, _regain_paths),
        "guest-stuck": Mishap(_start_guest, _end_guest),
    }
)

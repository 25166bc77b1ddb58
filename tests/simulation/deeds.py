"""What befalls a host, and what people type at it: a row each, with its end.

A deed that has nothing to be done to raises ImpossibleWorld, and did not happen. One without an
end stays as it is, or is the next apply's to mend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.kernel import hypervisor, live, mounting, power, units
from reconciler.hosts.simulator.mishaps import MISHAPS
from reconciler.hosts.simulator.state.disk import Filesystem
from reconciler.hosts.simulator.state.errors import ImpossibleWorld
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.guests import Guest
from reconciler.hosts.simulator.state.lease_file import PAUSED
from reconciler.hosts.simulator.state.machine import Machine, Process
from tests.simulation.laws import Lawful
from tests.simulation.site import LUNS, Site, source

CONF, O2CB, FSTAB = "/etc/ocfs2/cluster.conf", "/etc/default/o2cb", "/etc/fstab"
STATE = "/var/lib/reconcile"
YEARS = 315_360_000  # seconds of ten
SLOW = 30.0
ALONE = (
    "cluster:\n\tnode_count = 1\n\tname = ocfs2\n\n"
    "node:\n\tip_port = 7777\n\tip_address = {ip}\n\tnumber = {number}\n"
    "\tname = {name}\n\tcluster = ocfs2\n"
)


@dataclass(frozen=True, slots=True)
class Scene:
    """The host of a deed, in its world."""

    world: Lawful
    site: Site
    machine: Machine


@dataclass(frozen=True, slots=True)
class Deed:
    """``happens`` tells it in words; ``ends`` takes it back when all troubles cease.

    What follows from a ``natural`` one, a boot for example, no operator has done: laws hold.
    """

    happens: Callable[[Scene], str]
    ends: Callable[[Scene], None] = lambda _scene: None
    weight: int = 2
    is_natural: bool = False


def require(fact: object, why: str) -> None:
    """Raises ImpossibleWorld where there is nothing to do a deed to."""
    if not fact:
        raise ImpossibleWorld(why)


def _on(scene: Scene) -> Machine:
    require(scene.machine.running.on, "it is off")
    return scene.machine


def _mishap(name: str) -> Deed:
    mishap = MISHAPS[name]

    def ends(scene: Scene) -> None:
        if mishap.ends is not None:
            mishap.ends(scene.machine)

    return Deed(lambda scene: mishap.happens(scene.machine), ends, is_natural=name == "power")


def _broken(section: str) -> Deed:
    def happens(scene: Scene) -> str:
        scene.machine.broken[section] = "no such luck"
        return f"its section {section} cannot be read"

    return Deed(happens, lambda scene: scene.machine.broken.clear(), 1)


def _full(top: str) -> Deed:
    def happens(scene: Scene) -> str:
        room = scene.machine.files.room[top]
        require(room.free > 100, f"{top} is full already")
        room.free = 100
        return f"{top} is full"

    def ends(scene: Scene) -> None:
        scene.machine.files.room[top].free += 1 << 24

    return Deed(happens, ends)


def _refuse(scene: Scene) -> str:
    scene.machine.refusal = "sudo-refused"
    return "sudo asks for a password"


def _admit(scene: Scene) -> None:
    scene.machine.refusal = ""


def _stun(scene: Scene) -> str:
    require(not _on(scene).refusal, "nobody can log in")
    power.stun(scene.machine)
    return "it stands still, as a paused virtual machine does"


def _stun_a_while(scene: Scene) -> str:
    _stun(scene)
    scene.world.later(200, lambda: _wake(scene))
    return "it stands still for 200 s"


def _wake(scene: Scene) -> None:
    if scene.machine.refusal == "host-unreachable":
        power.wake(scene.machine)


def _cut_all_paths(scene: Scene) -> str:
    scene.machine.dead_maps.add(LUNS[0])
    return f"no path to {LUNS[0]} is left"


def _revive_maps(scene: Scene) -> None:
    """What the storage took from a host for good stays taken."""
    scene.machine.dead_maps.difference_update(LUNS)


def _step_clock(scene: Scene) -> str:
    mounting.set_clock(scene.machine, YEARS if scene.machine.setup.skew <= 0 else -YEARS)
    return "its clock steps by ten years"


def _reboot(scene: Scene) -> str:
    power.reboot(_on(scene))
    return "somebody reboots it"


def _reset(scene: Scene) -> str:
    power.cut(_on(scene))
    power.switch_on(scene.machine)
    return "it loses its power for a moment, and boots"


def _restart(scene: Scene) -> str:
    require("o2cb.service" in _on(scene).units, "it has no o2cb")
    units.restart(scene.machine, "o2cb.service")
    return "somebody types systemctl restart o2cb"


def _disable(scene: Scene) -> str:
    require("o2cb.service" in _on(scene).units, "it has no o2cb")
    units.disable(scene.machine, "o2cb.service")
    return "somebody disables o2cb"


def _register(scene: Scene) -> str:
    live.register(_on(scene), "ocfs2")
    return "somebody types o2cb register-cluster"


def _mount(scene: Scene) -> str:
    """By hand, what the others have mounted, or what is on the first LUN."""
    machine = _on(scene)
    node = source(scene.world, scene.site, machine, LUNS[0])
    require(node, "it does not have the disk")
    require(machine.running.live is not None, "its cluster is not online")
    mounting.mount(machine, node, "/mnt", ("defaults",))
    return f"somebody types mount {node} /mnt"


def _unmount_there(scene: Scene) -> None:
    for there in tuple(scene.machine.running.mounts):
        if there.path == "/mnt" and scene.machine.running.on:
            mounting.unmount(scene.machine, there)


def _hide(scene: Scene) -> str:
    mounts = [one for one in _on(scene).running.mounts if one.pid == 1]
    require(mounts, "nothing is mounted there")
    mounts[0].pid = 4711
    return f"{mounts[0].path} stays mounted in a private namespace alone"


def _show(scene: Scene) -> None:
    """The process with the namespace ends, and with it its mount."""
    machine = scene.machine
    for there in tuple(machine.running.mounts):
        if there.pid != 1:
            mounting.unmount(machine, there)


def _edit_ports(scene: Scene) -> str:
    text = scene.machine.files.text(CONF)
    require("= 7777" in text, "its cluster.conf has no such port")
    _write(scene, CONF, text.replace("= 7777", "= 7779"))
    return "somebody edits the ports in its cluster.conf"


def _empty_conf(scene: Scene) -> str:
    require(CONF in scene.machine.files.by_path, "it has no cluster.conf")
    _write(scene, CONF, "")
    return "its cluster.conf is empty"


def _garble_conf(scene: Scene) -> str:
    _write(scene, CONF, "node:\nname = x\n")
    return "its cluster.conf is torn"


def _edit_fstab(scene: Scene) -> str:
    text = scene.machine.files.text(FSTAB)
    _write(scene, FSTAB, f"{text}/dev/y /srv/images ocfs2 ro 0 0\n")
    return "somebody adds a line to its fstab"


def _strip_settings(scene: Scene) -> str:
    require(O2CB in scene.machine.files.by_path, "it has no settings of o2cb")
    scene.machine.files.remove(O2CB)
    return f"its {O2CB} is gone"


def _write(scene: Scene, path: str, text: str) -> None:
    files = scene.machine.files
    old = files.by_path.get(path, File(""))
    files.by_path[path], files.written[path] = replace(old, text=text), files.clock()


def _forget_state(scene: Scene) -> str:
    files = scene.machine.files
    found = [p for p in files.by_path if p.startswith(f"{STATE}/") and not p.endswith("/lease")]
    require(found, "it has no records")
    for path in found:
        files.remove(path)
    return f"somebody clears {STATE}, but for the lease"


def _garble_lease(scene: Scene) -> str:
    path = f"{STATE}/lease"
    require(path in scene.machine.files.by_path, "it has no lease")
    _write(scene, path, "what\tever\n")
    return "its lease cannot be read"


def _mend_lease(scene: Scene) -> None:
    scene.machine.files.remove(f"{STATE}/lease")


def _pause(scene: Scene) -> str:
    since = scene.world.clock(scene.machine)
    rows = f"cluster\tocfs2\nreason\tthe SAN moves\nby\talice\nsince\t{since}\nuntil\t-\n"
    scene.machine.files.write(PAUSED, File(rows, "600"))
    return "an operator pauses it"


def _resume(scene: Scene) -> None:
    scene.machine.files.remove(PAUSED)


def _hold_files(scene: Scene) -> str:
    machine = _on(scene)
    require(machine.running.mounts, "nothing is mounted there")
    path = machine.running.mounts[0].path
    machine.running.processes.append(Process(4242, "vim", f"{path}/notes"))
    return f"somebody edits {path}/notes"


def _let_go(scene: Scene) -> None:
    running = scene.machine.running
    running.processes = [one for one in running.processes if one.pid != 4242]


def _start_guest(scene: Scene) -> str:
    """A guest on what is mounted there; it moves and stops as it is told."""
    mounts = [one for one in _on(scene).running.mounts if one.pid == 1]
    require(mounts, "nothing is mounted there")
    name = f"vm-{scene.machine.name}"
    require(name not in scene.world.guests, "it has its guest")
    hypervisor.add(scene.machine, Guest(name, f"{mounts[0].path}/{name}"))
    return f"the guest {name} runs from {mounts[0].path}"


def _filter(scene: Scene) -> str:
    others = [m for m in scene.world.machines.values() if m is not scene.machine]
    require(others, "it is alone")
    for other in others:
        for network in other.setup.addresses[:2]:
            scene.machine.filtered[f"{network[1]}:7777"] = "timeout"
    return "its firewall drops the cluster's traffic"


def _pass(scene: Scene) -> None:
    scene.machine.filtered.clear()


def _swap(scene: Scene) -> str:
    require(not scene.site.scheme, "the other disk has no such partition")
    connect(scene.world, _on(scene).name).swap(*LUNS)
    return f"the storage shows it {LUNS[1]} under the paths of {LUNS[0]}"


def _swap_back(scene: Scene) -> None:
    """At a boot the kernel finds what is there."""
    if scene.machine.running.on:
        power.reboot(scene.machine)


def _lose_links(scene: Scene) -> str:
    """udev makes the links of the shared disks only after a while."""
    devices = [one for one in _on(scene).running.devices if one.lun.name in LUNS and one.links]
    require(devices, "it has no shared disk")
    before = [(one, one.links) for one in devices]
    for one in devices:
        one.links = ()

    def settle() -> None:
        for one, links in before:
            one.links = links

    scene.world.later(SLOW, settle)
    return f"udev needs {SLOW:g} s for the links of its disks"


def _clone(scene: Scene) -> str:
    first, second = (scene.world.luns[name] for name in LUNS)
    content = first.whole.content
    require(isinstance(content, Filesystem), "there is nothing to copy")
    require(not isinstance(second.whole.content, Filesystem), "the other disk is in use")
    assert isinstance(content, Filesystem)
    second.whole.content = replace(content, beats={}, slot_map={})
    return f"somebody copies {LUNS[0]} to {LUNS[1]} with dd"


def _damage(scene: Scene) -> str:
    found = [fs for fs in scene.world.filesystems() if not fs.damage]
    require(found, "there is no file system")
    found[0].damage = "repairable"
    return f"{found[0].label} has an error that fsck can repair"


def _grow_lun(scene: Scene) -> str:
    lun = scene.world.luns[LUNS[0]]
    scene.world.grow(lun.name, lun.whole.size + (1 << 30))
    return f"the storage grows {LUNS[0]} by a GiB"


def _invade(scene: Scene) -> str:
    """A host that nobody lists, with a list of its own, boots into the volume."""
    machine, world = _on(scene), scene.world
    listed = [m.files.text(CONF) for m in world.machines.values() if m is not machine]
    require(not any(f"name = {machine.name}\n" in text for text in listed), "others know it")
    require("o2cb.service" in machine.units, "it has no o2cb")
    ip = machine.setup.addresses[1][1]
    _write(scene, CONF, ALONE.format(ip=ip, number=7, name=machine.name))
    text = machine.files.text(O2CB)
    _write(scene, O2CB, text.replace("O2CB_ENABLED=false", "O2CB_ENABLED=true"))
    power.reboot(machine)
    _mount(scene)
    return "it mounts the volume as node 7 of a list of its own"


def _packages(what: str, words: str) -> Deed:
    def happens(scene: Scene) -> str:
        setattr(scene.machine.packaging, what, words)
        return f"its package manager: {words}"

    return Deed(happens, lambda scene: setattr(scene.machine.packaging, what, ""), 1)


DEEDS: Mapping[str, Deed] = MappingProxyType(
    {
        **{
            name: _mishap(name)
            for name in ("umount", "fstab", "node", "power", "path", "guest-stuck")
        },
        "reset": Deed(_reset, is_natural=True),
        "reboot": Deed(_reboot, is_natural=True),
        "stunned": Deed(_stun, _wake),
        "stunned a while": Deed(_stun_a_while, _wake),
        "all paths": Deed(_cut_all_paths, _revive_maps),
        "full /etc": _full("/etc"),
        "full /var": _full("/var/lib"),
        "unread live": _broken("live"),
        "unread wanted": _broken("wanted"),
        "unread mounts": _broken("mounts"),
        "sudo": Deed(_refuse, _admit, 1),
        "clock": Deed(_step_clock),
        "restart o2cb": Deed(_restart),
        "disable o2cb": Deed(_disable),
        "register": Deed(_register),
        "mount by hand": Deed(_mount, _unmount_there),
        "hidden mount": Deed(_hide, _show),
        "edit ports": Deed(_edit_ports),
        "empty conf": Deed(_empty_conf),
        "torn conf": Deed(_garble_conf),
        "edit fstab": Deed(_edit_fstab),
        "settings gone": Deed(_strip_settings, weight=1),
        "records gone": Deed(_forget_state, weight=1),
        "lease garbled": Deed(_garble_lease, _mend_lease, 1),
        "paused": Deed(_pause, _resume, 1),
        "open file": Deed(_hold_files, _let_go),
        "guest": Deed(_start_guest),
        "firewall": Deed(_filter, _pass),
        "swapped": Deed(_swap, _swap_back),
        "slow udev": Deed(_lose_links),
        "clone": Deed(_clone),
        "damage": Deed(_damage, weight=1),
        "LUN grows": Deed(_grow_lun, weight=1),
        "stranger": Deed(_invade, _unmount_there, 4),
        "package lock": _packages("holder", "apt has the lock"),
        "repository": _packages("down", "no repository answers"),
    }
)

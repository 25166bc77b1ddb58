"""What people type at a host: edits, mounts, services, pauses; and a host that nobody lists."""

from __future__ import annotations

from dataclasses import replace

from reconciler.hosts.simulator.kernel import hypervisor, live, mounting, power, units
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.guests import Guest
from reconciler.hosts.simulator.state.lease_file import PAUSED
from reconciler.hosts.simulator.state.machine import Process
from tests.simulation.scene import Scene, require, require_on
from tests.simulation.site import LUNS, source

CONF, O2CB, FSTAB = "/etc/ocfs2/cluster.conf", "/etc/default/o2cb", "/etc/fstab"
STATE = "/var/lib/reconcile"
ALONE = (
    "cluster:\n\tnode_count = 1\n\tname = ocfs2\n\n"
    "node:\n\tip_port = 7777\n\tip_address = {ip}\n\tnumber = {number}\n"
    "\tname = {name}\n\tcluster = ocfs2\n"
)


def restart_o2cb(scene: Scene) -> str:
    require("o2cb.service" in require_on(scene).units, "it has no o2cb")
    units.restart(scene.machine, "o2cb.service")
    return "somebody types systemctl restart o2cb"


def disable_o2cb(scene: Scene) -> str:
    require("o2cb.service" in require_on(scene).units, "it has no o2cb")
    units.disable(scene.machine, "o2cb.service")
    return "somebody disables o2cb"


def register_nodes(scene: Scene) -> str:
    live.register(require_on(scene), "ocfs2")
    return "somebody types o2cb register-cluster"


def mount_by_hand(scene: Scene) -> str:
    """By hand, what the others have mounted, or what is on the first LUN."""
    machine = require_on(scene)
    node = source(scene.world, scene.site, machine, LUNS[0])
    require(node, "it does not have the disk")
    require(machine.running.live is not None, "its cluster is not online")
    mounting.mount(machine, node, "/mnt", ("defaults",))
    return f"somebody types mount {node} /mnt"


def unmount_there(scene: Scene) -> None:
    for there in tuple(scene.machine.running.mounts):
        if there.path == "/mnt" and scene.machine.running.on:
            mounting.unmount(scene.machine, there)


def hide_mount(scene: Scene) -> str:
    mounts = [one for one in require_on(scene).running.mounts if one.pid == 1]
    require(mounts, "nothing is mounted there")
    mounts[0].pid = 4711
    return f"{mounts[0].path} stays mounted in a private namespace alone"


def end_namespace(scene: Scene) -> None:
    """The process with the namespace ends, and with it its mount."""
    machine = scene.machine
    for there in tuple(machine.running.mounts):
        if there.pid != 1:
            mounting.unmount(machine, there)


def edit_ports(scene: Scene) -> str:
    text = scene.machine.files.text(CONF)
    require("= 7777" in text, "its cluster.conf has no such port")
    write_text(scene, CONF, text.replace("= 7777", "= 7779"))
    return "somebody edits the ports in its cluster.conf"


def empty_conf(scene: Scene) -> str:
    require(CONF in scene.machine.files.by_path, "it has no cluster.conf")
    write_text(scene, CONF, "")
    return "its cluster.conf is empty"


def garble_conf(scene: Scene) -> str:
    write_text(scene, CONF, "node:\nname = x\n")
    return "its cluster.conf is torn"


def edit_fstab(scene: Scene) -> str:
    text = scene.machine.files.text(FSTAB)
    write_text(scene, FSTAB, f"{text}/dev/y /srv/images ocfs2 ro 0 0\n")
    return "somebody adds a line to its fstab"


def strip_settings(scene: Scene) -> str:
    require(O2CB in scene.machine.files.by_path, "it has no settings of o2cb")
    scene.machine.files.remove(O2CB)
    return f"its {O2CB} is gone"


def forget_state(scene: Scene) -> str:
    files = scene.machine.files
    found = [p for p in files.by_path if p.startswith(f"{STATE}/") and not p.endswith("/lease")]
    require(found, "it has no records")
    for path in found:
        files.remove(path)
    return f"somebody clears {STATE}, but for the lease"


def garble_lease(scene: Scene) -> str:
    path = f"{STATE}/lease"
    require(path in scene.machine.files.by_path, "it has no lease")
    write_text(scene, path, "what\tever\n")
    return "its lease cannot be read"


def mend_lease(scene: Scene) -> None:
    scene.machine.files.remove(f"{STATE}/lease")


def pause_host(scene: Scene) -> str:
    since = scene.world.clock(scene.machine)
    rows = f"cluster\tocfs2\nreason\tthe SAN moves\nby\talice\nsince\t{since}\nuntil\t-\n"
    scene.machine.files.write(PAUSED, File(rows, "600"))
    return "an operator pauses it"


def resume_host(scene: Scene) -> None:
    scene.machine.files.remove(PAUSED)


def hold_files(scene: Scene) -> str:
    machine = require_on(scene)
    require(machine.running.mounts, "nothing is mounted there")
    path = machine.running.mounts[0].path
    machine.running.processes.append(Process(4242, "vim", f"{path}/notes"))
    return f"somebody edits {path}/notes"


def let_go(scene: Scene) -> None:
    running = scene.machine.running
    running.processes = [one for one in running.processes if one.pid != 4242]


def start_guest(scene: Scene) -> str:
    """A guest on what is mounted there; it moves and stops as it is told."""
    mounts = [one for one in require_on(scene).running.mounts if one.pid == 1]
    require(mounts, "nothing is mounted there")
    name = f"vm-{scene.machine.name}"
    require(name not in scene.world.guests, "it has its guest")
    hypervisor.add(scene.machine, Guest(name, f"{mounts[0].path}/{name}"))
    return f"the guest {name} runs from {mounts[0].path}"


def invade(scene: Scene) -> str:
    """A host that nobody lists, with a list of its own, boots into the volume."""
    machine, world = require_on(scene), scene.world
    listed = [m.files.text(CONF) for m in world.machines.values() if m is not machine]
    require(not any(f"name = {machine.name}\n" in text for text in listed), "others know it")
    require("o2cb.service" in machine.units, "it has no o2cb")
    ip = machine.setup.addresses[1][1]
    write_text(scene, CONF, ALONE.format(ip=ip, number=7, name=machine.name))
    text = machine.files.text(O2CB)
    write_text(scene, O2CB, text.replace("O2CB_ENABLED=false", "O2CB_ENABLED=true"))
    power.reboot(machine)
    mount_by_hand(scene)
    return "it mounts the volume as node 7 of a list of its own"


def write_text(scene: Scene, path: str, text: str) -> None:
    files = scene.machine.files
    old = files.by_path.get(path, File(""))
    files.by_path[path], files.written[path] = replace(old, text=text), files.clock()

"""mount and umount of ocfs2, from the command down to the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import dlm
from reconciler.hosts.simulator.kernel.modprobe import load
from reconciler.hosts.simulator.kernel.mount_options import ATIME, shown_options, unknown_option
from reconciler.hosts.simulator.kernel.network import share_a_volume
from reconciler.hosts.simulator.kernel.texts import read_fstab
from reconciler.hosts.simulator.state.disk import RESIZE_INPROG, Beat, Filesystem
from reconciler.hosts.simulator.state.errors import ImpossibleWorld
from reconciler.hosts.simulator.state.machine import Mount
from reconciler.hosts.simulator.state.reply import Failed, Reply

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.cluster import Node
    from reconciler.hosts.simulator.state.devices import Device
    from reconciler.hosts.simulator.state.machine import Machine, Process

ERRORS = {
    16: "Device or resource busy",
    22: "Invalid argument",
    71: "Protocol error",
    107: "Transport endpoint is not connected",
}
# The kernels that were seen to take the slot of node 0 (manual kernels, 2).
THIEVES = frozenset({"5.10.46"})
# Seconds, longer than anybody waits.
FOR_EVER = 1e9


def mount(machine: Machine, source: str, path: str, options: tuple[str, ...]) -> Reply:
    """Joins the volume's domain and mounts it, or Failed as mount.ocfs2 fails."""
    if any(there.path == path for there in machine.running.mounts if there.pid == 1):
        raise Failed(32, f"mount: {path}: {source} already mounted or mount point busy.")
    device = machine.device(source)
    if device is None:
        raise Failed(32, f"mount: {path}: special device {source} does not exist.")
    where = f"while mounting {source} on {path}"
    if not device.serves:
        raise kernel_error(16, where)
    fs = _open(machine, device)
    if lacking := (fs.incompat & ~machine.setup.features) | (RESIZE_INPROG if fs.inprog else 0):
        machine.log(
            f"ocfs2: couldn't mount because of unsupported optional features ({lacking:x})."
        )
        raise kernel_error(22, where)
    me = _cluster_node(machine, fs)
    _refuse_unknown(machine, options, where)
    if not any(there.fs is fs for there in machine.running.mounts):
        slot = _join(machine, fs, me, where)
        machine.log(
            f"ocfs2: Mounting device {_numbers(device)} on (node {me.number}, slot {slot}) "
            "with ordered data mode."
        )
    machine.running.mounts.append(
        Mount(path, device, fs, me.number, shown_options(options, fs))
    )
    machine.record("mounted", f"{fs.label} {fs.uuid} on {path} as node {me.number}")
    _look_for_disasters(machine, device, fs, path)
    return Reply(seconds=4.0)


def _refuse_unknown(machine: Machine, options: tuple[str, ...], where: str) -> None:
    if option := unknown_option(options):
        machine.log(f'ocfs2: Unrecognized mount option "{option}" or missing value')
        raise kernel_error(22, where)


def remount(machine: Machine, there: Mount, options: tuple[str, ...]) -> None:
    """Other options: what is not named is as after a mount, but atime stays (fs/namespace.c)."""
    _refuse_unknown(machine, options, f"while remounting {there.path}")
    kept = tuple(o for o in there.options if o in ATIME and not ATIME & set(options))
    there.options = shown_options((*options, *kept), there.fs)
    machine.record("remounted", f"{there.path} {','.join(options)}")


def kernel_error(number: int, where: str, seconds: float = 1.0) -> Failed:
    """mount.ocfs2's message for an error of the mount system call."""
    check = f"Check 'dmesg' for more information on this error {number}."
    return Failed(1, f"mount.ocfs2: {ERRORS[number]} {where}. {check}", seconds)


def _open(machine: Machine, device: Device) -> Filesystem:
    if machine.is_dead(device):
        raise Failed(1, "mount.ocfs2: I/O error on channel while opening device", 120.0)
    content = device.extent.content
    if not isinstance(content, Filesystem):
        raise Failed(
            1, f"mount.ocfs2: Bad magic number in superblock while opening device {device.node}"
        )
    return content


def _cluster_node(machine: Machine, fs: Filesystem) -> Node:
    """The host's own entry in the live cluster that the volume is stamped for."""
    for module in ("ocfs2", "ocfs2_stack_o2cb"):
        load(machine, module)
    live = machine.running.live
    if live is None:
        raise Failed(
            1,
            "mount.ocfs2: Unable to access cluster service while trying to initialize cluster",
        )
    if fs.cluster and fs.cluster != live.name:
        raise Failed(1, "mount.ocfs2: Cluster name is invalid while trying to join the group")
    mode = "global" if fs.global_heartbeat else "local"
    if live.local is None or live.mode != mode:
        raise Failed(1, "mount.ocfs2: Heartbeat mode is invalid while trying to join the group")
    return live.local


def _join(machine: Machine, fs: Filesystem, me: Node, where: str) -> int:
    """Takes a slot, which is returned, and starts to beat; Failed if a member refuses."""
    seen = dlm.pairs(machine, fs)
    if refused := dlm.find_refusal(seen):
        machine.record("join-refused", f"{fs.label} error {refused.error}")
        _stop_beating(machine, fs, me.number)
        raise kernel_error(refused.error, where, refused.seconds)
    _refuse_stolen_slot(machine, fs, me)
    own = next((slot for slot, number in fs.slot_map.items() if number == me.number), None)
    free = [slot for slot in range(fs.slots) if slot not in fs.slot_map]
    if own is None and not free:
        machine.log("ocfs2: no free slots available!")
        _stop_beating(machine, fs, me.number)
        raise kernel_error(22, where, dlm.QUICK)
    _recover(machine, fs, me, {pair.they.number for pair in seen})
    slot = free[0] if own is None else own
    fs.slot_map[slot] = me.number
    generation = machine.world.rng.getrandbits(64) | 1
    fs.beats[me.number] = Beat(
        machine.name, generation, dead_ms=_dead_ms(machine), skew=machine.setup.skew
    )
    for pair in seen:
        if not share_a_volume(machine, pair.member):
            machine.log(f"o2net: Connected to {pair.peer}")
    machine.log(f"o2dlm: Joining domain {fs.region} ")
    return slot


def _refuse_stolen_slot(machine: Machine, fs: Filesystem, me: Node) -> None:
    """A kernel that takes node 0's slot waits for ever for the journal there."""
    theirs = next((slot for slot, number in fs.slot_map.items() if number == 0), None)
    if theirs is None or me.number == 0 or machine.setup.kernel not in THIEVES:
        return
    if any(there.number == 0 for _member, there in machine.world.mounters(fs)):
        machine.world.disaster("slot-taken", machine.name, f"slot {theirs} of node 0")
        raise Failed(32, "mount: it waits for ever", FOR_EVER)


def _dead_ms(machine: Machine) -> int:
    """As the kernel writes it into each block: its threshold in iterations of two seconds."""
    live = machine.running.live
    return live.dead_threshold * 2000 if live else 0


def _stop_beating(machine: Machine, fs: Filesystem, number: int) -> None:
    """A join that is refused ends like a clean leave: generation 0, also after a crash."""
    beat = fs.beats.get(number)
    if beat is None or beat.host == machine.name or beat.stopped is not None:
        fs.beats[number] = Beat(machine.name, 0, machine.world.now, _dead_ms(machine))


def _numbers(device: Device) -> str:
    """A device number as the kernel writes it in messages."""
    return f"({device.number.replace(':', ',')})"


def _recover(machine: Machine, fs: Filesystem, me: Node, alive: set[int]) -> None:
    """Replays every journal whose node this host does not see: right for the dead only."""
    world = machine.world
    for member, there in world.mounters(fs):
        if there.number == me.number:
            world.disaster(
                "node-number-shared", machine.name, f"{me.number} is also {member.name}'s"
            )
        elif there.number not in alive:
            world.disaster("split-brain", machine.name, f"mounted unseen by {member.name}")
    for slot, number in tuple(fs.slot_map.items()):
        if number not in alive and number != me.number:
            del fs.slot_map[slot]
            machine.record("journal-replayed", f"{fs.label} node {number}")
            beat = fs.beats.get(number)
            if beat and beat.stopped is None:
                world.disaster("live-journal-replayed", machine.name, f"of {beat.host}")


def _look_for_disasters(machine: Machine, device: Device, fs: Filesystem, path: str) -> None:
    world, live = machine.world, machine.running.live
    if device.size < fs.size:
        world.disaster(
            "short-device", machine.name, f"{device.node} is smaller than {fs.label}"
        )
    for other in world.machines.values():
        same = other.running.live and live and other.running.live.name == live.name
        for there in other.running.mounts:
            if same and there.path == path and there.fs.uuid != fs.uuid:
                message = f"{path} is {fs.uuid} here and {there.fs.uuid} on {other.name}"
                world.disaster("different-volume", machine.name, message)


def unmount(machine: Machine, mount: Mount) -> None:
    """Leaves cleanly: generation 0 in the heartbeat block, the slot free."""
    if users := [p.guest for p in holders(machine, mount.path) if p.guest]:
        raise ImpossibleWorld(f"{machine.name}: {mount.path} goes beneath {', '.join(users)}")
    machine.running.mounts.remove(mount)
    fs = mount.fs
    machine.record("unmounted", f"{fs.label} from {mount.path}")
    if any(there.fs is fs for there in machine.running.mounts):
        return
    machine.log(f"o2dlm: Leaving domain {fs.region}")
    for pair in dlm.pairs(machine, fs):
        if not share_a_volume(machine, pair.member):
            machine.log(f"o2net: No longer connected to {pair.peer}")
    machine.log(f"ocfs2: Unmounting device {_numbers(mount.device)} on (node {mount.number})")
    if beat := stop_beating(machine, mount):
        beat.generation = 0
    for slot, number in tuple(fs.slot_map.items()):
        if number == mount.number:
            del fs.slot_map[slot]


def stop_beating(machine: Machine, mount: Mount) -> Beat | None:
    """The block of a host that does not beat any more; None where another beats in it.

    Two hosts of one number write to one block: who goes on has it two seconds later.
    """
    fs, number = mount.fs, mount.number
    beat = fs.beats.get(number)
    if beat is None or beat.host != machine.name:
        return None
    for other, there in machine.world.mounters(fs):
        if there.number == number and other is not machine and _goes_on(other):
            generation = machine.world.rng.getrandbits(64) | 1
            skew = other.setup.skew
            fs.beats[number] = Beat(other.name, generation, dead_ms=_dead_ms(other), skew=skew)
            return None
    beat.stopped = machine.world.now
    return beat


def _goes_on(machine: Machine) -> bool:
    """Whether it is no virtual machine that stands still."""
    return machine.refusal != "host-unreachable"


def set_clock(machine: Machine, skew: int) -> None:
    """Somebody sets its clock, by seconds ahead of the true one: the next heartbeats have it."""
    machine.setup.skew = skew
    for there in machine.running.mounts:
        beat = there.fs.beats.get(there.number)
        if beat is not None and beat.host == machine.name and beat.stopped is None:
            beat.skew = skew


def holders(machine: Machine, path: str) -> list[Process]:
    """Who uses something at a path or below it."""
    return [
        process
        for process in machine.running.processes
        if process.path == path or process.path.startswith(f"{path}/")
    ]


def mount_fstab(machine: Machine, *, looks_in: bool = False) -> None:
    """The ocfs2 lines with ``_netdev``, as at boot; what fails is only noted.

    Who ``looks_in`` mounts what an automount waits for: ocfs2.service, by ``mount -a``.
    """
    mounted = {mount.path for mount in machine.running.mounts}
    for line in read_fstab(machine.files.text("/etc/fstab")):
        wanted = line.kind == "ocfs2" and "_netdev" in line.options
        idle = "noauto" in line.options and "x-systemd.automount" not in line.options
        if not wanted or idle or line.path in mounted:
            continue
        if "x-systemd.automount" in line.options:  # systemd's generator made a unit of it
            machine.running.others[line.path] = ("autofs", "systemd-1")
            if not looks_in or "noauto" in line.options:
                continue
        try:
            mount(machine, line.source, line.path, line.options)
        except Failed as failed:
            machine.record("fstab-mount-failed", f"{line.path}: {failed}")

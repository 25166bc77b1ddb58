"""tunefs.ocfs2 and fsck.ocfs2, as the gate runs them, and what they do to those who mount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import tool_locks
from reconciler.hosts.simulator.state.disk import RESIZE_INPROG
from reconciler.hosts.simulator.state.reply import Failed, Reply, refusal, tool_failure

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.cluster import Cluster
    from reconciler.hosts.simulator.state.devices import Device
    from reconciler.hosts.simulator.state.disk import Filesystem
    from reconciler.hosts.simulator.state.machine import Machine

LOCKING = 10.0  # seconds that the tools take to join and to leave the cluster lock's domain
PASSES = 5.0  # those of fsck.ocfs2
NO_CLUSTER = "Unable to access cluster service while initializing the cluster"
ONLINE = "Mountpoint not found for online operation"  # of a resize, where a peer has it
TRYLOCK = "Trylock failed while locking down the cluster"
MOST_SLOTS = 255
DAMAGE = "[INODE_ORPHANED] Inode 65537 is listed twice in the orphan directory"


def grow_fs(call: Call) -> Reply:
    """tunefs.ocfs2 -S: online where the volume is mounted, under the cluster lock elsewhere."""
    node, how = call.on.node, call.args[1]
    fs, clusters = _growth(call)
    if fs.clusters < clusters:
        if how == "unmounted":
            had = f"grow-failed: {node} has {fs.clusters} clusters, not {clusters}"
            _lock_out(call.machine, fs, had, ONLINE)
        _resize(call.machine, fs, clusters)
    seconds = 1.0 if how == "mounted" else LOCKING
    return Reply(0, f"ok grown {node} {fs.size}\n", "", seconds)


def grow_fs_cut_short(call: Call) -> None:
    """Offline a flag stays in the superblock; online the kernel has added some groups.

    update_volume_size_offline and run_resize in tunefs.ocfs2/op_resize_volume.c.
    """
    fs, clusters = _growth(call)
    if fs.clusters >= clusters:
        return
    if call.args[1] == "mounted":
        _resize(call.machine, fs, (fs.clusters + clusters) // 2)
    else:
        _lock_out(call.machine, fs, f"grow-failed: {call.on.node}", ONLINE)
        fs.inprog = True
        call.machine.record("resize-cut-short", fs.label)


def _growth(call: Call) -> tuple[Filesystem, int]:
    """The file system, and the clusters that it shall have."""
    node, (blocks, how) = call.on.node, call.args
    call.needs("debugfs.ocfs2", "tunefs.ocfs2")
    device, fs = call.volume()
    if how == "unmounted":
        _refuse_mounted(call.machine, node, device)
    elif not any(m.device is device and m.pid == 1 for m in call.machine.running.mounts):
        raise refusal("not-mounted", f"{node} is not mounted here")
    _refuse_interrupted(node, fs)
    _refuse_short(call.machine, device, int(blocks) * fs.block_size)
    if fs.clusters < int(blocks) * fs.block_size // fs.cluster_size:
        call.look(fs)
    return fs, int(blocks) * fs.block_size // fs.cluster_size


def _refuse_mounted(machine: Machine, node: str, device: Device) -> None:
    """Not even in a namespace where only one process sees it."""
    for mount in machine.running.mounts:
        if mount.device is device:
            where = f"/proc/{mount.pid}/mountinfo"
            raise refusal("volume-mounted", f"{node} is mounted, see {where}")


def _refuse_interrupted(node: str, fs: Filesystem) -> None:
    if fs.inprog:
        bits = f"incompat {fs.incompat | RESIZE_INPROG}"
        raise refusal("resize-interrupted", f"a tunefs.ocfs2 of {node} was cut short: {bits}")


def _refuse_short(machine: Machine, device: Device, size: int) -> None:
    """The device and every layer beneath it must hold the file system."""
    whole = machine.whole(device)
    end = size + (device.start or 0)
    layers = [(device, size), (whole, end), *((path, end) for path in machine.paths(whole))]
    for layer, least in layers:
        if layer.size < least:
            had = f"{layer.name} has {layer.size} bytes, not {least}"
            raise refusal("device-too-small", had)


def _resize(machine: Machine, fs: Filesystem, clusters: int) -> None:
    """At once the size that every host sees, whatever its kernel knows of the device."""
    fs.clusters = clusters
    machine.record("resized", f"{fs.label} {fs.size}")
    for other, mount in machine.world.mounters(fs):
        if mount.device.size < fs.size:
            message = f"{mount.device.node} is smaller than {fs.label}, grown on {machine.name}"
            machine.world.disaster("short-device", other.name, message)


def add_slots(call: Call) -> Reply:
    """tunefs.ocfs2 -N: only where nobody has the volume mounted."""
    node, (slots,) = call.on.node, call.args
    call.needs("debugfs.ocfs2", "tunefs.ocfs2")
    device, fs = call.volume()
    _refuse_mounted(call.machine, node, device)
    _refuse_interrupted(node, fs)
    if fs.slots < int(slots):
        call.look(fs)
        had = f"slots-failed: {node} has {fs.slots} slots, not {slots}"
        _lock_out(call.machine, fs, had, TRYLOCK)
        fs.slots = int(slots)
        call.machine.record("slots-added", f"{fs.label} {slots}")
    return Reply(0, f"ok slots {node} {fs.slots}\n", "", LOCKING)


def set_label(call: Call) -> Reply:
    """tunefs.ocfs2 -L: only where nobody has the volume mounted."""
    node, (label,) = call.on.node, call.args
    call.needs("debugfs.ocfs2", "tunefs.ocfs2")
    device, fs = call.volume()
    _refuse_mounted(call.machine, node, device)
    _refuse_interrupted(node, fs)
    if fs.label != label:
        call.look(fs)
        had = f"label-failed: {node} has the label {fs.label or 'none'}, not {label}"
        _lock_out(call.machine, fs, had, TRYLOCK)
        call.machine.record("labelled", f"{fs.label} {label}")
        fs.label = label
    return Reply(0, f"ok label {node} {fs.label}\n", "", LOCKING)


def _lock_out(machine: Machine, fs: Filesystem, had: str, peer: str) -> None:
    """What tunefs.ocfs2 needs for an unmounted volume; it sees nobody who is not listed.

    Whoever has it mounted has a dirty journal, though, and so has who died with it.
    """
    tool_locks.hold(machine, _take_lock(machine, fs, had, f"tunefs.ocfs2: {peer}"), fs, LOCKING)
    _blame(machine, fs, "tunefs-of-mounted")
    if fs.slot_map:
        said = "tunefs.ocfs2: At least one journal has uncommitted changes"
        raise _failure(had, said, LOCKING)


def _failure(had: str, said: str, seconds: float) -> Failed:
    """``had`` begins with the code."""
    code, _, found = had.partition(": ")
    return tool_failure(code, f"{found}: {said}", seconds)


def _take_lock(machine: Machine, fs: Filesystem, had: str, peer: str) -> Cluster:
    live = machine.running.live
    if live is None:
        raise _failure(had, NO_CLUSTER, 1.0)
    if any(mount.number in live.address_by_number for _, mount in machine.world.mounters(fs)):
        raise _failure(had, peer, LOCKING)
    return live


def _blame(machine: Machine, fs: Filesystem, kind: str) -> None:
    for other, _ in machine.world.mounters(fs):
        machine.world.disaster(kind, machine.name, f"{fs.label} is mounted on {other.name}")


def check_fs(call: Call) -> Reply:
    """fsck.ocfs2 -fy, whose status means nothing: what it found decides."""
    node, (stack, cluster) = call.on.node, call.args
    call.needs("debugfs.ocfs2", "fsck.ocfs2")
    device, fs = call.volume()
    _refuse_mounted(call.machine, node, device)
    if fs.cluster and (fs.stack, fs.cluster) != (stack, cluster):
        stamps = f"{fs.stack}/{fs.cluster}, not {stack}/{cluster}"
        raise refusal("foreign-stack", f"{node} belongs to {stamps}")
    call.look(fs)
    found = _fsck(call.machine, device, fs)
    if fs.damage:
        raise tool_failure("check-failed", f"{node}: {DAMAGE}", LOCKING)
    return Reply(0, f"ok {'repaired' if found else 'clean'} {node}\n", "", LOCKING + PASSES)


def _fsck(machine: Machine, device: Device, fs: Filesystem) -> bool:
    """Whether it repaired something; journals are replayed and marks go in any case."""
    live = _take_lock(machine, fs, f"check-failed: {device.node}", f"fsck.ocfs2: {TRYLOCK}")
    tool_locks.hold(machine, live, fs, LOCKING + PASSES)
    _blame(machine, fs, "fsck-of-mounted")
    if fs.cluster and fs.cluster != live.name:
        message = f"{fs.label} was of {fs.cluster}, fsck.ocfs2 -y made it {live.name}'s"
        machine.world.disaster("restamped", machine.name, message)
        fs.cluster = live.name
    if device.size < fs.size:
        message = f"{device.node} is smaller than {fs.label}: it repairs what is right"
        machine.world.disaster("fsck-of-short-device", machine.name, message)
        fs.damage = "lasting"
    found = fs.damage == "repairable"
    if found:
        fs.damage = ""
    fs.inprog = False
    fs.slot_map.clear()
    machine.record("checked", f"{fs.label} {fs.damage or 'clean'}")
    return found

"""The verbs mount, remount and unmount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.gate import heartbeats
from reconciler.hosts.simulator.kernel import live, mounting
from reconciler.hosts.simulator.state.reply import Failed, Reply, refusal, tool_failure

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.machine import Machine

SHOWN_LOG = 12  # kernel messages that are added to a failed mount
HOLDERS = 20  # processes that are added to a failed umount


def mount(call: Call) -> Reply:
    """Mounts the volume that is meant, beside nobody who is not known."""
    node, (path, options) = call.on.node, call.args
    machine, (device, fs) = call.machine, call.volume()
    if found := _mounted_at(machine, path):
        if found == f"{device.number} ocfs2":
            return Reply(stdout=f"ok mounted {path}\n")
        raise refusal("mount-path-busy", f"{path} already has a file system mounted: {found}")
    _lists_agree(machine)
    call.look(fs)
    heartbeats.refuse_our_number(machine, fs, node)
    machine.files.directories.add(path)
    try:
        done = mounting.mount(machine, node, path, tuple(options.split(",")))
    except Failed as failed:
        said = "\n".join([str(failed), *machine.running.log[-SHOWN_LOG:]])
        raise tool_failure("mount-failed", said, failed.reply.seconds) from failed
    return Reply(0, f"ok mounted {path}\n", "", done.seconds)


def _lists_agree(machine: Machine) -> None:
    """A mount needs the kernel's list to be the file's."""
    running = machine.running.live
    if running is None:
        raise refusal("lists-differ", "no cluster is online here")
    if running.mode == "global":
        raise refusal("not-supported-yet", f"the heartbeat of {running.name} is global")
    nodes = {(n.name, n.number, n.ip, n.port) for n in running.nodes.values()}
    try:
        listed = live.file_nodes(machine, running.name)
    except Failed:
        listed = ()
    if differ := sorted(nodes ^ {(n.name, n.number, n.ip, n.port) for n in listed}):
        line = " ".join(map(str, differ[0]))
        had = f"the kernel's {running.name} and cluster.conf differ in: {line}"
        raise refusal("lists-differ", had)
    if running.local is None:
        raise refusal("lists-differ", f"this host is none of the nodes of {running.name}")


def remount(call: Call) -> Reply:
    """Other options for a volume that stays mounted."""
    node, (path, options) = call.on.node, call.args
    machine, (device, _) = call.machine, call.volume()
    found = _mounted_at(machine, path)
    if found != f"{device.number} ocfs2":
        raise refusal(
            "not-mounted", f"{node} is not mounted on {path} but {found or 'nothing'}"
        )
    there = [m for m in machine.running.mounts if m.path == path and m.pid == 1][-1]
    try:
        mounting.remount(machine, there, tuple(options.split(",")))
    except Failed as failed:
        raise tool_failure("mount-failed", str(failed), failed.reply.seconds) from failed
    return Reply(0, f"ok remounted {path}\n", "", 0.5)


def unmount(call: Call) -> Reply:
    """Plain umount: it fails while a process uses the volume."""
    (path,) = call.args
    machine = call.machine
    mounts = [m for m in machine.running.mounts if m.path == path and m.pid == 1]
    if not mounts:
        return Reply(stdout=f"ok unmounted {path}\n")
    if path in machine.running.others and not machine.waits_at(path):
        found = _mounted_at(machine, path)
        message = f"{path} has another file system over the volume: {found}"
        raise refusal("mount-path-busy", message)
    if users := mounting.holders(machine, path):
        machine.record("unmount-refused", path)
        held = [f"held by {user.pid} {user.command} {user.path}" for user in users[:HOLDERS]]
        said = "\n".join([f"umount: {path}: target is busy.", *held])
        raise tool_failure("unmount-failed", said, 0.5)
    mounting.unmount(machine, mounts[-1])
    return Reply(0, f"ok unmounted {path}\n", "", 2.0)


def _mounted_at(machine: Machine, path: str) -> str:
    """MAJ:MIN and type of what PID 1 sees mounted there, empty for nothing."""
    mounts = [m for m in machine.running.mounts if m.path == path and m.pid == 1]
    if path in machine.running.others and not (mounts and machine.waits_at(path)):
        return f"0:99 {machine.running.others[path][0]}"
    return f"{mounts[-1].device.number} ocfs2" if mounts else ""

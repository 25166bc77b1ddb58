"""What the host-side gate does to a simulated host, verb by verb."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.gate import (
    automounts,
    backup,
    file_system,
    grow_device,
    heartbeats,
    lease,
    packages,
    storage,
)
from reconciler.hosts.simulator.gate.call import Call
from reconciler.hosts.simulator.kernel import hypervisor, live, mkfs, modprobe, mounting
from reconciler.hosts.simulator.state.disk import Garbage
from reconciler.hosts.simulator.state.errors import UnknownCommand
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.reply import Failed, Reply, refused, tool_failed
from reconciler.hosts.simulator.state.signatures import blkid

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.devices import Device
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.model.gate_call import Target

PATH = r"(?!.*(//|/\./|/\.\./|/\.\.?$))/[^\x00-\x1f\x7f]*[^/\x00-\x1f\x7f]"
DIGEST, MODE = r"[0-9a-f]{64}", r"[0-7]{3}"
CLUSTER, RUN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,15}", r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
SCOPE, TEXT = f"-|{CLUSTER}", r"[^\x00-\x1f]{1,1024}"
DEVICE = rf"(?=/dev/){PATH}"
UUID, OPTIONS = r"[0-9a-f-]{36}", r"[A-Za-z0-9_=.,:@%+/-]+"
NUMBER, PARTITION = r"0|[1-9]\d{0,17}", r"[1-9]\d{0,2}"
LABEL = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
SLOTS = r"[1-9]\d?|1\d\d|2[0-4]\d|25[0-5]"
LVM = r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}"
SHOWN_LOG = 12  # kernel messages that the gate adds to a failed mount
HOLDERS = 20  # processes that it adds to a failed umount
U32 = (1 << 32) - 1


def write_file(call: Call) -> Reply:
    """Puts stdin at PATH unless the file is neither what it was nor what it shall be."""
    path, mode, old, new = call.args
    machine, files = call.machine, call.machine.files
    if files.is_directory(path):
        raise refused("not-a-file", f"{path} is not a regular file")
    present = files.digest(path)
    if present == new:
        return Reply(stdout=f"ok unchanged {path}\n")
    if present != old:
        raise refused("changed-since", f"{path} is {present}, not {old}")
    files.directories.add(posixpath.dirname(path))
    if not files.fits(path, call.stdin):
        raise refused("no-space", f"{path}: no space left on device")
    if hashlib.sha256(call.stdin.encode()).hexdigest() != new:
        raise refused("content-damaged", f"{path}: stdin has another digest")
    files.replace(path, File(call.stdin, mode))
    machine.record("wrote", f"{path} {new[:12]}")
    return Reply(stdout=f"ok written {path}\n")


def format_volume(call: Call) -> Reply:
    """Runs mkfs.ocfs2 on a device that still has the planned size and is still blank."""
    _blank_device(call)
    try:
        made = mkfs.make(call.machine, call.args[2:])
    except Failed as failed:
        raise tool_failed("format-failed", str(failed), failed.reply.seconds) from failed
    return Reply(0, f"ok formatted {call.on.node}\n", "", made.seconds)


def format_cut_short(call: Call) -> None:
    """The power goes while mkfs writes."""
    _blank_device(call)
    mkfs.cut_short(call.machine, call.args[2:])


def _blank_device(call: Call) -> Device:
    node = call.on.node
    options, named, _blocks = mkfs.parse(call.args[2:])
    if named != node or "-U" not in options:
        raise UnknownCommand(f"gate format {call.args}")
    device = call.bound()
    if device.partition is None and device.holders:
        raise refused("device-in-use", f"{node} is held by {device.holders[0]}")
    if device.partition is None and device.lun.partitions:
        raise refused("device-not-blank", f"{node} has partitions")
    if any(mount.device is device for mount in call.machine.running.mounts):
        raise refused("device-in-use", f"{node} is mounted, see /proc/1/mountinfo")
    _blank(call.machine, device, node)
    return device


def _blank(machine: Machine, device: Device, node: str) -> None:
    content = device.extent.content
    if machine.is_dead(device):
        raise tool_failed("unreadable", f"blkid ended with 1 on {node}", 15.0)
    if isinstance(content, Garbage):
        raise refused("device-not-blank", f"{node} has data that is not zero")
    if found := blkid(content):
        types = [f"{key}={value}" for key, value in found if key.endswith("TYPE")]
        raise refused("device-not-blank", f"{node} has a signature: {types[0]}")


def mount(call: Call) -> Reply:
    """Mounts the volume that is meant, beside nobody who is not known."""
    node, (path, options) = call.on.node, call.args
    machine, (device, fs) = call.machine, call.volume()
    if found := _mounted_at(machine, path):
        if found == f"{device.number} ocfs2":
            return Reply(stdout=f"ok mounted {path}\n")
        raise refused("mount-path-busy", f"{path} already has a file system mounted: {found}")
    _lists_agree(machine)
    call.look(fs)
    heartbeats.refuse_our_number(machine, fs, node)
    machine.files.directories.add(path)
    try:
        done = mounting.mount(machine, node, path, tuple(options.split(",")))
    except Failed as failed:
        said = "\n".join([str(failed), *machine.running.log[-SHOWN_LOG:]])
        raise tool_failed("mount-failed", said, failed.reply.seconds) from failed
    return Reply(0, f"ok mounted {path}\n", "", done.seconds)


def refuse_use(machine: Machine) -> None:
    """The cluster is stopped only where no mount needs it, in whatever namespace."""
    for found in machine.running.mounts:
        where = f"/proc/{found.pid}/mountinfo"
        raise refused("cluster-in-use", f"OCFS2 is mounted, see {where}")


def _lists_agree(machine: Machine) -> None:
    """A mount needs the kernel's list to be the file's."""
    running = machine.running.live
    if running is None:
        raise refused("lists-differ", "no cluster is online here")
    if running.mode == "global":
        raise refused("not-supported-yet", f"the heartbeat of {running.name} is global")
    nodes = {(n.name, n.number, n.ip, n.port) for n in running.nodes.values()}
    try:
        listed = live.file_nodes(machine, running.name)
    except Failed:
        listed = ()
    if differ := sorted(nodes ^ {(n.name, n.number, n.ip, n.port) for n in listed}):
        line = " ".join(map(str, differ[0]))
        had = f"the kernel's {running.name} and cluster.conf differ in: {line}"
        raise refused("lists-differ", had)
    if running.local is None:
        raise refused("lists-differ", f"this host is none of the nodes of {running.name}")


def remount(call: Call) -> Reply:
    """Other options for a volume that stays mounted."""
    node, (path, options) = call.on.node, call.args
    machine, (device, _) = call.machine, call.volume()
    found = _mounted_at(machine, path)
    if found != f"{device.number} ocfs2":
        raise refused(
            "not-mounted", f"{node} is not mounted on {path} but {found or 'nothing'}"
        )
    there = [m for m in machine.running.mounts if m.path == path and m.pid == 1][-1]
    try:
        mounting.remount(machine, there, tuple(options.split(",")))
    except Failed as failed:
        raise tool_failed("mount-failed", str(failed), failed.reply.seconds) from failed
    return Reply(0, f"ok remounted {path}\n", "", 0.5)


def unmount(call: Call) -> Reply:
    """Plain umount: it fails while a process uses the volume."""
    (path,) = call.args
    machine = call.machine
    mounts = [m for m in machine.running.mounts if m.path == path and m.pid == 1]
    if not mounts:
        return Reply(stdout=f"ok unmounted {path}\n")
    if path in machine.running.others:
        found = _mounted_at(machine, path)
        message = f"{path} has another file system over the volume: {found}"
        raise refused("mount-path-busy", message)
    if users := mounting.holders(machine, path):
        machine.record("unmount-refused", path)
        held = [f"held by {user.pid} {user.command} {user.path}" for user in users[:HOLDERS]]
        said = "\n".join([f"umount: {path}: target is busy.", *held])
        raise tool_failed("unmount-failed", said, 0.5)
    mounting.unmount(machine, mounts[-1])
    return Reply(0, f"ok unmounted {path}\n", "", 2.0)


def archive_file(call: Call) -> Reply:
    """A file that is what it was becomes PATH.before."""
    path, old = call.args
    files = call.machine.files
    if files.is_directory(path):
        raise refused("not-a-file", f"{path} is not a regular file")
    present = files.digest(path)
    if present not in ("absent", old):
        raise refused("changed-since", f"{path} is {present}, not {old}")
    if present == old:
        files.archive(path)
        call.machine.record("archived", path)
    return Reply(stdout=f"ok archived {path}\n")


def set_live(call: Call) -> Reply:
    """Writes an attribute of the running cluster; the kernel takes 1 and more, as u32."""
    name, key, value = call.args
    running = call.machine.running.live
    if running is None or running.name != name:
        raise tool_failed("live-refused", f"{name} is not online", 0.1)
    if not 0 < int(value) < U32:
        now = f"{key} is {getattr(running, key)}, not {value}"
        raise tool_failed("live-refused", f"{now}: Invalid argument", 0.1)
    setattr(running, key, int(value))
    call.machine.record("live-set", f"{key} {value}")
    return Reply(stdout=f"ok set {key}\n")


def _mounted_at(machine: Machine, path: str) -> str:
    """MAJ:MIN and type of what PID 1 sees mounted there, empty for nothing."""
    if path in machine.running.others:
        return f"0:99 {machine.running.others[path][0]}"
    mounts = [m for m in machine.running.mounts if m.path == path and m.pid == 1]
    return f"{mounts[-1].device.number} ocfs2" if mounts else ""


Verb = tuple[Callable[[Call], Reply], tuple[str, ...]]
VERBS: dict[str, Verb] = {
    "write-file": (write_file, (PATH, MODE, f"absent|{DIGEST}", DIGEST)),
    "format": (format_volume, ("--", r"mkfs\.ocfs2", ".*")),
    "mount": (mount, (PATH, OPTIONS)),
    "remount": (remount, (PATH, OPTIONS)),
    "unmount": (unmount, (PATH,)),
    "extend-lv": (storage.extend_lv, (LVM, LVM, NUMBER)),
    "rescan": (grow_device.rescan, (NUMBER,)),
    "grow-partition": (grow_device.grow_partition, (PARTITION, NUMBER, NUMBER)),
    "reread-partition": (grow_device.reread_partition, (PARTITION, NUMBER)),
    "grow-fs": (file_system.grow_fs, (NUMBER, "mounted|unmounted")),
    "add-slots": (file_system.add_slots, (SLOTS,)),
    "set-label": (file_system.set_label, (LABEL,)),
    "check-fs": (file_system.check_fs, (r"[a-z0-9_]{1,16}", CLUSTER)),
    "disarm": (
        automounts.disarm,
        ("unit|autofs", f"{automounts.UNIT}|{automounts.MAP}", r"[^\x00-\x1f]{1,1000}"),
    ),
    "note-backup": (
        backup.note,
        (CLUSTER, "begun|made", backup.LABEL, UUID, NUMBER, backup.LABEL, DIGEST),
    ),
    "stop-guest": (
        hypervisor.stop_guest,
        (hypervisor.NAME, NUMBER, hypervisor.WORDS, hypervisor.WORDS),
    ),
    "migrate-guest": (
        hypervisor.migrate_guest,
        (hypervisor.NAME, NUMBER, hypervisor.WORDS, hypervisor.WORDS, hypervisor.WORDS),
    ),
    "start-guest": (
        hypervisor.start_guest,
        (PATH, hypervisor.NAME, NUMBER, hypervisor.WORDS, hypervisor.WORDS),
    ),
    "install-packages": (packages.install, (packages.MANAGER, packages.WORD)),
    "install-module": (
        packages.install_module,
        (packages.MANAGER, packages.BUILD, packages.RELEASE),
    ),
    "fetch": (
        packages.fetch,
        ("install-packages|install-module", packages.MANAGER, packages.WORD),
    ),
    "reload-module": (modprobe.reload, (packages.RELEASE,)),
    "archive-file": (archive_file, (PATH, DIGEST)),
    "set-live": (set_live, (CLUSTER, "reconnect_delay_ms", r"0|[1-9]\d{0,17}")),
    "lease-acquire": (
        lease.acquire,
        (SCOPE, RUN, TEXT, r"[A-Za-z0-9_.,:-]+", f"-|{RUN}"),
    ),
    "lease-renew": (lease.renew, (SCOPE, RUN, NUMBER)),
    "lease-seal": (lease.seal, (SCOPE, RUN, NUMBER)),
    "lease-free": (lease.free, (SCOPE, RUN, NUMBER)),
    "lease-unlock": (lease.unlock, (SCOPE, RUN)),
    "pause": (lease.pause, (CLUSTER, TEXT, TEXT, rf"-|\+?(?:{NUMBER})")),
    "resume": (lease.resume, ()),
}
OPEN = frozenset({"format", "install-packages", "fetch"})
HALVES: dict[str, Callable[[Call], None]] = {
    "format": format_cut_short,
    "rescan": grow_device.rescan_cut_short,
    "grow-partition": grow_device.grow_partition_cut_short,
    "grow-fs": file_system.grow_fs_cut_short,
    "migrate-guest": hypervisor.migrate_cut_short,
}


# What a verb that touches a device wants to be told of it: size and UUID, ``-`` or a value.
NAMED: dict[str, tuple[str, str]] = {
    "format": (r"[1-9]\d*", "-"),
    **dict.fromkeys(("rescan", "grow-partition", "reread-partition"), ("-", "-")),
    **dict.fromkeys(("mount", "remount"), ("-", f"-|{UUID}")),
    **dict.fromkeys(("grow-fs", "add-slots", "set-label", "check-fs"), ("-", UUID)),
}
WWID = r"-|[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}"


def _is_named(verb: str, target: Target | None) -> bool:
    """Whether a call names a device as its verb wants it, and none where it wants none."""
    if target is None or verb not in NAMED:
        return target is None and verb not in NAMED
    patterns = (DEVICE, WWID, *NAMED[verb], heartbeats.LIST)
    return all(map(re.fullmatch, patterns, target.words()[1:]))


def understands(verb: str, args: tuple[str, ...], target: Target | None = None) -> bool:
    """Whether the gate has the verb with such arguments; some take more of the last kind."""
    if verb not in VERBS or not _is_named(verb, target):
        return False
    patterns = VERBS[verb][1]
    more = len(args) - len(patterns)
    if more and (more < 0 or verb not in OPEN):
        return False
    return all(map(re.fullmatch, (*patterns, *patterns[-1:] * more), args))


def perform(verb: str, call: Call) -> Reply:
    """Runs a verb that the gate understands; Waits if it has to look again later."""
    return VERBS[verb][0](call)


def cut_short(verb: str, call: Call) -> None:
    """Runs a verb halfway; one that has no halves does nothing."""
    if half := HALVES.get(verb):
        half(call)

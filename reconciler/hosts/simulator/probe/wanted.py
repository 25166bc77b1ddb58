"""The section about the devices that the caller names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.probe.request import Request, Rows, join_list, row
from reconciler.hosts.simulator.probe.storage import whole_disks
from reconciler.hosts.simulator.state.disk import RESIZE_INPROG, Blank, Filesystem, Garbage
from reconciler.hosts.simulator.state.signatures import blkid

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.devices import Device
    from reconciler.hosts.simulator.state.machine import Machine

# debugfs.ocfs2 -R stats of a file system that mkfs.ocfs2 1.8.7 made with its defaults.
STAMPED = (
    "sparse extended-slotmap inline-data xattr indexed-dirs refcount discontig-bg "
    "clusterinfo append-dio"
)
UNSTAMPED = (
    "sparse extended-slotmap inline-data xattr indexed-dirs refcount discontig-bg append-dio"
)
# Of ocfs2_fs.h and of libocfs2/feature_string.c, whose order debugfs.ocfs2 prints them in.
ABORTED_RESIZE = "aborted-resize"


def wanted_rows(machine: Machine, request: Request) -> Rows:
    """Each device once: found or not, and what is on it if there is exactly one."""
    for ref in request.refs:
        whole = whole_disks(machine, ref)
        found = _matching_devices(machine, ref, whole)
        names = join_list(tuple(device.name for device in found))
        yield row("want", ref, names, "yes" if whole else "no")
        if len(found) == 1:
            yield from _content(machine, ref, found[0], ref in request.blank)


def _matching_devices(machine: Machine, ref: str, whole: list[Device]) -> list[Device]:
    _, _, part = ref.partition(",part=")
    if not part:
        return whole
    parents = {device.name for device in whole}
    devices = machine.running.devices
    return [d for d in devices if d.parent in parents and d.partition == int(part)]


def _content(machine: Machine, ref: str, device: Device, blank: bool) -> Rows:  # noqa: FBT001  # an option of the probe, not a behaviour
    yield row("node", ref, device.name, device.number, device.size)
    if machine.is_dead(device):
        yield row("unread", ref, "multipath map without an active path")
        return
    content = device.extent.content
    for key, value in blkid(content):
        yield row("sig", ref, key, value)
    if blank and isinstance(content, Blank | Garbage):
        yield row("zeros", ref, "yes" if isinstance(content, Blank) else "no")
    told = "debugfs.ocfs2" in machine.setup.commands
    if told and isinstance(content, Filesystem):
        told = not content.incompat & ~machine.setup.tool_features
    if told and isinstance(content, Filesystem):
        yield from _filesystem(machine, ref, content)


def _filesystem(machine: Machine, ref: str, fs: Filesystem) -> Rows:
    """What debugfs.ocfs2 tells, in its order; an unstamped volume names no cluster."""
    yield row("sb", ref, "state", 0)
    yield row("sb", ref, "compat", "3 backup-super strict-journal-super")
    yield row("sb", ref, "incompat", _incompat(fs))
    yield row("sb", ref, "ro_compat", "1 unwritten")
    for key in ("block_size", "cluster_size", "slots", "label"):
        yield row("sb", ref, key, getattr(fs, key))
    yield row("sb", ref, "uuid", fs.region)
    yield row("sb", ref, "stack", fs.stack or "classic o2cb")
    if fs.cluster:
        yield row("sb", ref, "cluster", fs.cluster)
    yield row("sb", ref, "flags", "1 Globalheartbeat" if fs.global_heartbeat else "0 ")
    yield row("sb", ref, "clusters", fs.clusters)
    yield row("slotmap", ref, "ok")
    for slot, number in sorted(fs.slot_map.items()):
        yield row("slot", ref, slot, number)
    yield row("hb", ref, "ok")
    for number, beat in sorted(fs.beats.items()):
        yield row("beat", ref, number, beat.block(number, machine.world.now))


def _incompat(fs: Filesystem) -> str:
    """The flags of features: their sum, then their names."""
    names = f"{STAMPED if fs.cluster else UNSTAMPED}{' unknown' if fs.extra else ''}"
    if not fs.inprog:
        return f"{fs.incompat} {names}"
    return f"{fs.incompat | RESIZE_INPROG} {ABORTED_RESIZE} {names}"

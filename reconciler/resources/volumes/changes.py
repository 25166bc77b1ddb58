"""Volumes: one OCFS2 file system on one shared device, formatted only if it is blank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.frozen import frozen
from reconciler.gate import gate_command
from reconciler.gate.action_builders import action_for, barrier
from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import (
    block_doubt,
    chosen_uuid,
    disk_of,
    has_mounted,
    ref,
    target,
    view_of,
)
from reconciler.model.gate_call import Target
from reconciler.model.observed import HostFacts, Observed, WantedDevice, require
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading, unknown
from reconciler.model.roles import is_withdrawn, listed_members, restrict_to, staying

# mkfs.ocfs2 of a large volume writes every slot's journal; minutes on a slow SAN.
FORMAT_TIMEOUT = 1800.0
DEFAULT_SPARE_SLOTS = 2
LEAST_SLOTS = 4


def describe_device(volume: Volume) -> str:
    """The volume's device in words."""
    device = volume.device
    whole = device.path or f"LUN {device.wwid}"
    return whole if device.partition is None else f"partition {device.partition} of {whole}"


def slots(cluster: Cluster, volume: Volume) -> int:
    """The slots of a new file system: as asked, else room for two more members."""
    return volume.slots or max(LEAST_SLOTS, len(listed_members(cluster)) + DEFAULT_SPARE_SLOTS)


def views(volume: Volume, observed: Observed) -> Mapping[str, WantedDevice]:
    """What each reached member sees behind the volume's device."""
    found = {}
    for host, facts in observed.answering_hosts().items():
        for item in require(facts.wanted):
            if item.ref == ref(volume):
                found[host] = item
    return found


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Volumes that no member sees a file system on."""
    for volume in (v for v in cluster.volumes if not is_withdrawn(v)):
        seen = views(volume, restrict_to(observed, staying(cluster)))
        if (
            seen
            and volume.format == "if-blank"
            and not any(v.superblock for v in seen.values())
        ):
            host = next(name for name in staying(cluster) if name in seen)
            yield Change(
                volume_address(volume.label, "file-system"),
                host,
                "disk",
                None,
                f"ocfs2 {volume.label}",
                _because(volume, restrict_to(observed, staying(cluster))),
            )


def _because(volume: Volume, observed: Observed) -> str:
    seen = {blank(facts, ref(volume)) for facts in observed.answering_hosts().values()}
    if seen == {"blank"}:
        return "the device is blank on every member"
    return "no member sees a file system on it"


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Format on one member; then all must see the same file system."""
    by_address = {volume_address(v.label, "file-system"): v for v in cluster.volumes}
    for change in changes:
        volume = by_address[change.address]
        size, facts = (
            views(volume, observed)[change.host].size,
            observed.answering_hosts()[change.host],
        )
        device = target(facts, volume)
        if device is None or size is None:
            continue  # refused by check: device-missing, no-stable-path
        new = _New(
            replace(device, size=str(size)),
            size,
            begin(facts, volume),
            chosen_uuid(cluster, volume, observed),
        )
        yield _format(cluster, volume, change, new)
        hosts = staying(cluster)
        yield barrier(
            (cluster.name, "same-file-system", volume.label),
            volume_address(volume.label),
            f"the same new file system {volume.label} on {len(hosts)} members",
            "only the same UUID proves that all members see one device",
            Fact(hosts, "file-system-uuid", ref(volume), new.uuid),
        )


@frozen
class _New:
    """A file system to be: its device, the bytes of that and where it begins, and its UUID."""

    target: Target
    size: int
    start: int
    uuid: str


def _format(cluster: Cluster, volume: Volume, change: Change, new: _New) -> Action:
    argv = mkfs_argv(cluster, volume, new.target.node, (new.size, new.start), new.uuid)
    return action_for(
        cluster.name,
        change,
        "format",
        volume.label,
        address=volume_address(volume.label),
        risk="data",
        summary=f"format {describe_device(volume)} as OCFS2 {volume.label}, {slots(cluster, volume)} slots",
        irreversible=True,
        device=volume.device.wwid or volume.device.path or "",
        command=gate_command("format", "--", *argv, target=new.target, timeout=FORMAT_TIMEOUT),
        requires=(
            Fact(staying(cluster), "blank", ref(volume), "blank"),
            Fact(staying(cluster), "device-size", ref(volume), str(new.size)),
        ),
        expects=(
            Fact((change.host,), "file-system", ref(volume), _words(cluster, volume)),
            Fact((change.host,), "file-system-uuid", ref(volume), new.uuid),
        ),
        seconds=10,
    )


def _words(cluster: Cluster, volume: Volume) -> str:
    return f"ocfs2 {volume.label} of o2cb/{cluster.name}"


def begin(facts: HostFacts, volume: Volume) -> int:
    """Where a volume's partition begins on its disk, in bytes: so much less is left of `size`."""
    view = view_of(facts, ref(volume))
    disk = disk_of(facts, view) if view else None
    return (disk.start or 0) * 512 if disk else 0


def mkfs_argv(
    cluster: Cluster, volume: Volume, node: str, room: tuple[int, int], uuid: str
) -> tuple[str, ...]:
    """The mkfs.ocfs2 command; never with -F, which skips the tool's own lock."""
    options = ["-x", "-L", volume.label, "-U", uuid, "-N", str(slots(cluster, volume))]
    features = volume.features
    if features.block_size:
        options += ["-b", str(features.block_size)]
    if features.cluster_size:
        options += ["-C", str(features.cluster_size)]
    if features.type:
        options += ["-T", features.type]
    blocks = _blocks(volume, *room)
    return (
        "mkfs.ocfs2",
        *options,
        "--cluster-stack=o2cb",
        f"--cluster-name={cluster.name}",
        node,
        *blocks,
    )


def _blocks(volume: Volume, size: int, start: int) -> tuple[str, ...]:
    """The block count, only where the volume takes less than the whole device."""
    if volume.size == "fill" or size <= volume.size - start:
        return ()
    return (str((volume.size - start) // (volume.features.block_size or 4096)),)


def file_system(facts: HostFacts, subject: str) -> str:
    """The OCFS2 file system behind a device."""
    view = view_of(facts, subject)
    if view is None or view.superblock is None:
        return _none(facts, subject)
    block = view.superblock
    return f"ocfs2 {block.label} of {block.stack}/{block.cluster}"


def file_system_uuid(facts: HostFacts, subject: str) -> str:
    """The UUID of the OCFS2 file system behind a device."""
    view = view_of(facts, subject)
    return view.superblock.uuid if view and view.superblock else _none(facts, subject)


def device_size(facts: HostFacts, subject: str) -> str:
    """The kernel's size of a device in bytes."""
    view = view_of(facts, subject)
    return str(view.size) if view and view.size is not None else _none(facts, subject)


def blank(facts: HostFacts, subject: str) -> str:
    """Whether the blank check passed: not mounted, no signature, no holder, zeros where sampled.

    What is mounted and shows nothing has another disk behind its path than at its mount.
    """
    view = view_of(facts, subject)
    if view is None or view.node is None or view.unread:
        return _none(facts, subject)
    if has_mounted(facts, subject):
        return "mounted"
    if view.signature or view.wiped or view.superblock:
        return "signature"
    disks = {disk.name: disk for disk in require(facts.disks)}
    disk = disks.get(view.node)
    children = [d.name for d in disks.values() if d.parent == view.node]
    if disk is None or disk.holders or children:
        return "in use"
    unread = unknown("its sectors were not read")
    return {True: "blank", False: "data", None: unread}[view.zeros]


def _none(facts: HostFacts, reference: str) -> str:
    """What a device that is not there is; one that was not seen is unknown."""
    why = block_doubt(facts, reference)
    return unknown(why) if why else "absent"


NEEDS = ("wanted", "disks", "mounts", "live")
READINGS = {
    "file-system": Reading(("wanted",), file_system),
    "file-system-uuid": Reading(("wanted",), file_system_uuid),
    "device-size": Reading(("wanted",), device_size),
    "blank": Reading(("wanted", "disks", "mounts"), blank),
}

"""Every reason not to touch a volume's device, or not to take it for the volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.desired import Cluster, Volume
from reconciler.model.observed import (
    Disk,
    HostFacts,
    Observed,
    Superblock,
    WantedDevice,
    known,
)
from reconciler.model.outcome import Blocked
from reconciler.model.quantities import format_size
from reconciler.model.refusals import not_supported
from reconciler.model.refusals import volume as address
from reconciler.resources.volumes.changes import blank, ref, slots, views

# Alignment at both ends of a partition, the backup GPT, less than one cluster (1 MiB at most).
SLACK = 4 << 20

_NOT_YET = {
    "backing": "growing the backing device",
    "workloads": "stopping and starting workloads",
    "access": "revoking LUN access",
    "backup": "running backups",
}


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse each volume whose device is not, on every member, what the file says."""
    for volume in cluster.volumes:
        yield from _check_not_yet(volume)
        seen = views(volume, observed)
        refused = [b for host, view in seen.items() for b in _check_view(volume, host, view)]
        yield from refused
        if seen and not refused:
            yield from _check_together(volume, seen)
            yield from _check_content(cluster, volume, observed, seen)


def _check_not_yet(volume: Volume) -> Iterator[Blocked]:
    for key, what in _NOT_YET.items():
        if getattr(volume, key) is not None:
            yield not_supported(
                address(volume.label), f"{key}: {what} is not acted upon yet", f"remove {key}"
            )
    if volume.growth == "offline":
        yield not_supported(
            address(volume.label), "growth: offline is not acted upon yet", "remove growth"
        )


def _check_view(volume: Volume, host: str, view: WantedDevice) -> Iterator[Blocked]:
    subject = address(volume.label)
    if view.unread:
        yield Blocked(
            "device-unreadable",
            subject,
            f"{host}: {ref(volume)} was not opened: {view.unread}",
            "restore its paths, then plan again",
        )
    elif not view.nodes and view.disk_found:
        yield _partition_missing(volume, host)
    elif not view.nodes:
        yield Blocked(
            "device-missing",
            subject,
            f"{host} does not see {ref(volume)}",
            f"present the LUN to {host} (zoning, iSCSI login, rescan), or correct the device",
        )
    elif view.node is None:
        yield Blocked(
            "device-ambiguous",
            subject,
            f"{host} sees {ref(volume)} as {', '.join(view.nodes)}: several paths, no multipath",
            f"configure multipath on {host}",
        )


def _partition_missing(volume: Volume, host: str) -> Blocked:
    device = volume.device
    disk = f"/dev/disk/by-id/dm-uuid-mpath-{device.wwid}" if device.wwid else device.path
    return Blocked(
        "partition-missing",
        address(volume.label),
        f"{host}: the disk has no partition {device.partition}",
        f"on one member, if the disk is yours to use: "
        f"parted -s {disk} mklabel gpt mkpart {volume.label} 1MiB 100%; then partprobe on all",
    )


def _check_together(volume: Volume, seen: Mapping[str, WantedDevice]) -> Iterator[Blocked]:
    subject = address(volume.label)
    sizes = {host: view.size for host, view in seen.items()}
    if len(set(sizes.values())) > 1:
        words = ", ".join(f"{host} {size} bytes" for host, size in sizes.items())
        yield Blocked(
            "device-size-differs",
            subject,
            f"{ref(volume)} has different sizes: {words}",
            "rescan the device on the hosts that lag, or check that it is one disk",
        )
    uuids = {
        host: view.superblock.uuid if view.superblock else None for host, view in seen.items()
    }
    if len(set(uuids.values())) > 1:
        words = ", ".join(f"{host} {uuid or 'none'}" for host, uuid in uuids.items())
        yield Blocked(
            "different-device",
            subject,
            f"{ref(volume)} holds different file systems: {words}",
            "the name leads to different disks: give the device's wwid or a path that is shared",
        )


def _check_content(
    cluster: Cluster, volume: Volume, observed: Observed, seen: Mapping[str, WantedDevice]
) -> Iterator[Blocked]:
    for host, view in seen.items():
        facts = observed.reached()[host]
        if view.superblock is not None:
            yield from _check_superblock(cluster, volume, view.superblock)
            return
        yield from _check_blank(volume, host, view, facts)
        yield from _check_size(volume, host, view, facts)


def _check_blank(
    volume: Volume, host: str, view: WantedDevice, facts: HostFacts
) -> Iterator[Blocked]:
    state = blank(facts, ref(volume))
    if volume.format == "never":
        found = _found(view) if state == "signature" else "no OCFS2 file system"
        yield Blocked(
            "not-formatted",
            address(volume.label),
            f"{host}: {ref(volume)} has {found}, and format is never",
            "set format: if-blank to format a blank device, or correct the device",
        )
    elif state != "blank":
        found = {"signature": _found(view), "data": "data that is not zero"}.get(state, state)
        yield Blocked(
            "device-not-blank",
            address(volume.label),
            f"{host}: {ref(volume)} is not blank: {found}",
            "correct the device; if it really is free, clear it yourself "
            "(wipefs -a and blkdiscard -z or dd), then plan again",
        )


def _found(view: WantedDevice) -> str:
    kind = view.signature.get("TYPE") or view.signature.get("PTTYPE")
    label = view.signature.get("LABEL")
    words = kind or ", ".join(view.wiped) or "a signature"
    return f"{words} labelled {label}" if label else words


def _check_size(
    volume: Volume, host: str, view: WantedDevice, facts: HostFacts
) -> Iterator[Blocked]:
    if volume.size == "fill" or view.size is None:
        return
    disk = _whole(view, known(facts.disks))
    have = disk.size if disk else view.size
    if have < volume.size or view.size + SLACK < volume.size:
        yield Blocked(
            "device-too-small",
            address(volume.label),
            f"{host}: {ref(volume)} has {have} bytes, the file wants {format_size(volume.size)}",
            "grow the device, or ask for less",
        )


def _whole(view: WantedDevice, disks: tuple[Disk, ...]) -> Disk | None:
    by_name = {disk.name: disk for disk in disks}
    disk = by_name.get(view.node or "")
    return by_name.get(disk.parent) if disk and disk.parent else disk


def _check_superblock(cluster: Cluster, volume: Volume, block: Superblock) -> Iterator[Blocked]:
    subject = address(volume.label)
    if block.label != volume.label:
        yield Blocked(
            "device-not-blank" if volume.format == "if-blank" else "label-differs",
            subject,
            f"{ref(volume)} holds the OCFS2 file system {block.label or '(no label)'} "
            f"({block.uuid}), not {volume.label}",
            "correct the device or the label; relabelling is not done by guess",
        )
        return
    stamp = (block.stack, block.cluster)
    if stamp not in (("o2cb", cluster.name), ("", "")):
        yield Blocked(
            "foreign-stack",
            subject,
            f"the volume is stamped for {block.stack or 'no stack'}/{block.cluster or 'none'}, "
            f"not o2cb/{cluster.name}",
            "correct the cluster's name or the device",
        )
    if block.slots < len(cluster.members):
        yield not_supported(
            subject,
            f"the volume has {block.slots} slots for {len(cluster.members)} members: "
            "adding slots is not acted upon yet",
            "with the volume unmounted everywhere: "
            f"tunefs.ocfs2 -N {slots(cluster, volume)} DEVICE",
        )
    yield from _check_growth(volume, block)


def _check_growth(volume: Volume, block: Superblock) -> Iterator[Blocked]:
    have = block.clusters * block.cluster_size
    if volume.size == "fill":
        return
    if volume.size + SLACK < have:
        yield Blocked(
            "shrink-refused",
            address(volume.label),
            f"the file system has {have} bytes, the file wants {format_size(volume.size)}",
            f"OCFS2 cannot shrink: write a size of at least {have >> 20}MiB",
        )
    elif have + SLACK < volume.size:
        yield not_supported(
            address(volume.label),
            f"the file system has {have} bytes, the file wants {format_size(volume.size)}: "
            "growing is not acted upon yet",
            "grow it by hand, or write the size that it has",
        )

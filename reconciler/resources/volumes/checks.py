"""Every reason not to touch a volume's device, or not to take it for the volume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.addresses import volume_address
from reconciler.model.bindings import VOLUMES, bound_now, recorded_bindings
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import disk_of, is_logical, partition_of, ref, unread, whole_disk
from reconciler.model.observed import (
    HostFacts,
    Observed,
    Superblock,
    WantedDevice,
)
from reconciler.model.outcome import Blocked, refuse_unshared_lvm
from reconciler.model.quantities import format_sizes, sizes_on_hosts
from reconciler.model.records import DIRECTORY
from reconciler.model.roles import is_withdrawn, restrict_to, staying
from reconciler.resources.volumes import heartbeats
from reconciler.resources.volumes.changes import begin, blank, describe_device, views
from reconciler.resources.volumes.stamps import check_stamp

# Alignment at both ends of a partition, the backup GPT, less than one cluster (1 MiB at most).
SLACK = 4 << 20


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse each volume whose device is not, on every member, what the file says."""
    yield from heartbeats.check(cluster, observed)
    yield from _check_copies(cluster, observed)
    observed = restrict_to(observed, staying(cluster))
    for volume in (v for v in cluster.volumes if not is_withdrawn(v)):
        seen = views(volume, observed)
        hosts = observed.answering_hosts()
        refused = [
            b
            for host, view in seen.items()
            for b in _check_view(volume, host, view, unread(hosts[host], view))
        ]
        yield from refused
        if seen and not refused:
            yield from _check_together(volume, observed, seen)
            yield from _check_content(cluster, volume, observed, seen)


def _check_copies(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """A copy of a volume has its UUID: only the disk beneath tells them apart."""
    now = bound_now(cluster, observed)
    before = {
        (uuid, wwid): f"as {host} remembers of {label}"
        for host, bindings in recorded_bindings(cluster, observed).items()
        for label, (uuid, wwid) in bindings.items()
    }
    before |= {pair: f"as volume {label}" for label, pair in now.items()}
    for volume in (v for v in cluster.volumes if v.label in now):
        uuid, wwid = now[volume.label]
        others = [(w, how) for (u, w), how in sorted(before.items()) if u == uuid and w != wwid]
        for where, how in others[:1]:
            yield Blocked(
                "cloned-volume",
                volume_address(volume.label),
                f"{describe_device(volume)} has the file system {uuid} on the disk {wwid}; it is on "
                f"{where}, {how}",
                "take the copy away from the members; if the volume itself has moved to this "
                f"disk, remove {DIRECTORY}/{cluster.name}/{VOLUMES} on every member",
            )


def _check_view(volume: Volume, host: str, view: WantedDevice, why: str) -> Iterator[Blocked]:
    """``why`` is empty, or why the device is not known."""
    subject = volume_address(volume.label)
    why = why or _superblock_unread(view)
    if why:
        yield Blocked(
            "device-unreadable",
            subject,
            f"{host}: {describe_device(volume)} could not be read: {why}",
            _make_readable(view),
        )
    elif not view.nodes and view.disk_found:
        yield _partition_missing(volume, host)
    elif not view.nodes:
        yield Blocked(
            "device-missing",
            subject,
            f"{host} does not see {describe_device(volume)}",
            f"present the LUN to {host} (zoning, iSCSI login, rescan), or correct the device",
        )
    elif view.node is None:
        yield Blocked(
            "device-ambiguous",
            subject,
            f"{host} sees {describe_device(volume)} as {', '.join(view.nodes)}: several paths, no multipath",
            f"configure multipath on {host}",
        )


def _make_readable(view: WantedDevice) -> str:
    if any(name.startswith("drbd") for name in view.nodes):
        return (
            "make it primary there, as on all hosts (drbdadm role shows it; dual-primary needs "
            "allow-two-primaries); then plan again"
        )
    return "restore its paths (multipath -ll), or see what the kernel logged; then plan again"


def _superblock_unread(view: WantedDevice) -> str:
    damaged = view.signature.get("TYPE") == "ocfs2" and view.superblock is None
    return "it holds OCFS2, but debugfs.ocfs2 -R stats gives no superblock" if damaged else ""


def _partition_missing(volume: Volume, host: str) -> Blocked:
    device = volume.device
    disk = f"/dev/disk/by-id/dm-uuid-mpath-{device.wwid}" if device.wwid else device.path
    make = f"parted -s {disk} mklabel gpt mkpart {volume.label} 1MiB 100%"
    return Blocked(
        "partition-missing",
        volume_address(volume.label),
        f"{host}: the disk has no partition {device.partition}",
        f"where other members see it: partprobe {disk} on {host}. Else look at the disk first "
        f"(lsblk, wipefs -n {disk}); only if it is empty, on one member: {make}; "
        "then partprobe on all",
    )


def _check_together(
    volume: Volume, observed: Observed, seen: Mapping[str, WantedDevice]
) -> Iterator[Blocked]:
    subject = volume_address(volume.label)
    disks = {
        host: whole_disk(observed.answering_hosts()[host], view) for host, view in seen.items()
    }
    wwids = {host: disk.wwid if disk else None for host, disk in disks.items()}
    if len(set(wwids.values())) > 1:
        words = ", ".join(f"{host} {wwid or 'none'}" for host, wwid in wwids.items())
        yield Blocked(
            "different-device",
            subject,
            f"{describe_device(volume)} leads to disks of different WWIDs: {words}",
            "give the device's wwid, or a path that leads to one disk on all members",
        )
    sizes = {host: view.size for host, view in seen.items()}
    blank = not any(view.superblock for view in seen.values())
    if blank and len(set(sizes.values())) > 1:
        (words,) = sizes_on_hosts(sizes)
        yield Blocked(
            "device-size-differs",
            subject,
            f"{describe_device(volume)} has different sizes: {words}",
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
            f"{describe_device(volume)} holds different file systems: {words}",
            "the name leads to different disks: give the device's wwid or a path that is shared",
        )


def _check_content(
    cluster: Cluster, volume: Volume, observed: Observed, seen: Mapping[str, WantedDevice]
) -> Iterator[Blocked]:
    for host, view in seen.items():
        facts = observed.answering_hosts()[host]
        if view.superblock is not None:
            yield from _check_superblock(cluster, volume, view.superblock, facts)
            return
        disk = disk_of(facts, view)
        if disk is not None and is_logical(disk):
            yield refuse_unshared_lvm(volume, host, "formatted")
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
            volume_address(volume.label),
            f"{host}: {describe_device(volume)} has {found}, and format is never",
            "set format: if-blank to format a blank device, or correct the device",
        )
    elif state == "mounted":
        yield Blocked(
            "device-not-blank",
            volume_address(volume.label),
            f"{host} has {describe_device(volume)} mounted, and it shows no file system: another "
            "disk is behind its path now",
            f"see on {host} which disk that is (lsblk, multipath -ll), bring back the right one or "
            "unmount it there, then plan again",
        )
    elif state != "blank":
        words = {
            "signature": f"it has {_found(view)}",
            "data": "it has data that is not zero",
            "in use": "it has partitions or holders",
        }
        found = words.get(state, f"the check is {state}")
        yield Blocked(
            "device-not-blank",
            volume_address(volume.label),
            f"{host}: {describe_device(volume)} is not proven blank: {found}",
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
    disk = whole_disk(facts, view)
    whole = disk.size if disk else view.size
    if whole < volume.size:
        has, wants = format_sizes(whole, volume.size)
        yield _too_small(volume, f"{host}: the disk has {has}", wants, "grow the device")
    elif view.size + SLACK < volume.size - begin(facts, volume):
        found = (
            f"{host}: the disk has room, but partition {partition_of(facts, volume)} has only"
        )
        has, wants = format_sizes(view.size, volume.size)
        yield _too_small(volume, f"{found} {has}", wants, "enlarge the partition")


def _too_small(volume: Volume, found: str, wants: str, remedy: str) -> Blocked:
    return Blocked(
        "device-too-small",
        volume_address(volume.label),
        f"{found}, the file wants {wants} of {describe_device(volume)}",
        f"{remedy}, or ask for less",
    )


def _check_superblock(
    cluster: Cluster, volume: Volume, block: Superblock, facts: HostFacts
) -> Iterator[Blocked]:
    subject = volume_address(volume.label)
    own = volume.label if volume.labelled is None else volume.labelled
    if block.label not in {own, *volume.last_applied.labels}:
        yield Blocked(
            "device-not-blank" if volume.format == "if-blank" else "label-differs",
            subject,
            f"{describe_device(volume)} holds the OCFS2 file system {block.label or '(no label)'} "
            f"({block.uuid}), not {own or '(no label)'}",
            "correct the device or the label: only what an earlier apply left under the old "
            "label is relabelled",
        )
    else:
        yield from check_stamp(cluster, volume, block, facts)

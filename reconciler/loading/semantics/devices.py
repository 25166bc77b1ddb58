"""Rules about shared devices: named in a way that lasts, and used once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.loading.nodes import Path
from reconciler.loading.semantics.finding import Finding, Rule, volumes
from reconciler.model.desired import Desired, Device
from reconciler.model.lasting_names import BY_ID, instability, sort_of, takes_number, whole_of
from reconciler.model.quantities import CLUSTER_SIZES, format_size, parse_size

_USE_A_STABLE_ONE = "use 'wwid', or a path below /dev/disk/by-id; {show}"
_SHOW = "multipath -ll shows the one, ls -l /dev/disk/by-id the other"
_SHOW_WWID = "/lib/udev/scsi_id -g -u -d /dev/sdX on the host prints it, or multipath -ll"
# What a WWID looks like that was taken from another place than multipath -> what to do.
_FOREIGN_WWIDS = (
    (r"(?:dm-uuid-)?mpath-(.+)", "write it without the prefix: {0}"),
    (r"(?:wwn-)?0x([65][0-9a-f]{15}(?:[0-9a-f]{16})?)", "did you mean 3{0}?"),
    (r"naa\.([0-9a-f]{8,32})", "did you mean 3{0}?"),
    (r"scsi-([23][0-9a-f]{8,32})", "did you mean {0}?"),
    (r"nvme-((?:eui|nvme|uuid)\..+)", "write it without the prefix: {0}"),
    (r"(.+)-part([0-9]+)", "write wwid: {0}, and beside it partition: {1}"),
    (r"mpath[a-z]{1,3}", f"that is multipath's own name for it; {_SHOW_WWID}"),
    (r"0x([0-9a-f]{8,32})", "did you mean 3{0}?"),
    (r"(?:iqn|nqn)\..+", f"that is a target, which has many disks; {_SHOW_WWID}"),
    (r"(?:change(?:[-_]?me)?|todo|fixme|xxx+)", _SHOW_WWID),
    (
        r"(?:scsi-|wwn-0x|naa\.|t10\.|0x).+",
        "multipath shows it with a leading type digit, like 3600…",
    ),
    (r"(6[0-9a-f]{31}|5[0-9a-f]{15})", "the leading type digit is missing: 3{0}"),
    (r"([56][0-9a-f](?::[0-9a-f]{2}){7,15})", "did you mean 3{0}?"),
)


def a_device_is_named_once(desired: Desired) -> Iterator[Finding]:
    """By WWID or by path; both could disagree."""
    for path, _, volume in volumes(desired):
        given = [volume.device.wwid, volume.device.path]
        if given.count(None) != 1:
            words = "both 'wwid' and 'path'" if all(given) else "neither 'wwid' nor 'path'"
            message = f"the device of '{volume.label}' has {words}"
            hint = "give one of them; 'wwid' is the same on every host"
            yield Finding((*path, "device"), "device-identity", message, hint)


def wwids_are_multipaths(desired: Desired) -> Iterator[Finding]:
    """The same disk has several spellings; ours is the one in dm-uuid-mpath-*."""
    for path, _, volume in volumes(desired):
        hint = _wwid_hint(volume.device.wwid or "")
        if hint:
            message = f"'{volume.device.wwid}' is not how multipath shows a WWID"
            yield Finding((*path, "device", "wwid"), "wwid-form", message, hint)


def paths_are_stable(desired: Desired) -> Iterator[Finding]:
    """A path that means another disk tomorrow formats another disk tomorrow."""
    for path, _, volume in volumes(desired):
        why = instability(volume.device.path) if volume.device.path else ""
        if why:
            message = f"'{volume.device.path}' is not a stable path: {why}"
            place = (*path, "device", "path")
            yield Finding(place, "unstable-path", message, _USE_A_STABLE_ONE.format(show=_SHOW))


def partitions_are_counted_on_disks(desired: Desired) -> Iterator[Finding]:
    """Only a whole disk has partitions to count."""
    for path, _, volume in volumes(desired):
        device = volume.device
        if device.partition is None or device.path is None:
            continue
        if not takes_number(device.path):
            message = f"'{device.path}' has no partition {device.partition}"
            hint = (
                "name the disk by 'wwid' or below /dev/disk/by-id, or leave the partition out"
            )
            yield Finding((*path, "device", "partition"), "partition-of-what", message, hint)


def a_device_holds_one_volume(desired: Desired) -> Iterator[Finding]:
    """Nor may a volume take a whole disk and another a partition of it."""
    seen: list[tuple[str, int | None, str]] = []
    for path, _, volume in volumes(desired):
        name, partition = identity(volume.device)
        first = next((use for use in seen if overlap(use, name, partition)), None)
        if first and name:
            message = f"this device holds the volume '{first[2]}' already"
            hint = "name another device here, or remove one of the two volumes"
            yield Finding(_named(path, volume.device), "device-in-two-volumes", message, hint)
        seen.append((name, partition, volume.label))


def volumes_have_slots_for_all(desired: Desired) -> Iterator[Finding]:
    """A member without a slot cannot mount, and slots are added only while all is unmounted."""
    for path, cluster, volume in volumes(desired):
        mounting = sum(member.state not in {"absent", "dead"} for member in cluster.members)
        if volume.slots is not None and volume.slots < mounting:
            message = f"{volume.slots} slots are too few for {mounting} members"
            hint = f"at least {mounting}; adding some later takes an outage"
            yield Finding((*path, "slots"), "slots-too-few", message, hint)


def clusters_can_address_the_volume(desired: Desired) -> Iterator[Finding]:
    """OCFS2 counts clusters in 32 bits (ocfs2_dinode.i_clusters)."""
    for path, _, volume in volumes(desired):
        unit = volume.features.cluster_size
        if volume.size == "fill":
            continue
        unit = unit or parse_size(CLUSTER_SIZES[-1])
        if volume.size <= unit * (2**32 - 1):
            continue
        message = (
            f"{format_size(volume.size)} is more than clusters of {format_size(unit)} address"
        )
        larger = "" if unit == parse_size(CLUSTER_SIZES[-1]) else ", or larger clusters"
        hint = f"write less than {format_size(unit * 2**32)}{larger}"
        yield Finding((*path, "size"), "size-too-large", message, hint)


def identity(device: Device) -> tuple[str, int | None]:
    """One name for each disk however it is spelled, as far as spelling tells; and the partition.

    The name is empty for a device without any.
    """
    if device.wwid is not None:
        return device.wwid.lower(), device.partition
    path = device.path or ""
    whole, number = whole_of(path) or (path, 0)
    partition = device.partition or number or None
    if path.startswith(BY_ID):
        return _as_wwid(whole.removeprefix(BY_ID).lower()), partition
    sort = sort_of(path)
    if sort is not None and sort.name == "lvm":
        group, volume = path.removeprefix("/dev/").split("/")
        return "/dev/mapper/" + "-".join(p.replace("-", "--") for p in (group, volume)), None
    return whole, partition


def _as_wwid(name: str) -> str:
    if name.startswith("wwn-0x"):
        return "3" + name.removeprefix("wwn-0x")
    return re.sub(r"^(scsi-|nvme-|dm-uuid-mpath-|mpath-)", "", name)


def overlap(use: tuple[str, int | None, str], name: str, partition: int | None) -> bool:
    """Whether a disk, or a partition of it, is the one in ``use`` or has a part in common."""
    return use[0] == name and (use[1] == partition or None in {use[1], partition})


def _named(path: Path, device: Device) -> Path:
    return (*path, "device", "wwid" if device.wwid is not None else "path")


def _wwid_hint(wwid: str) -> str:
    for pattern, hint in _FOREIGN_WWIDS:
        if match := re.fullmatch(pattern, wwid, re.IGNORECASE):
            groups = (group.lower().replace(":", "") for group in match.groups())
            return hint.format(*groups)
    if re.fullmatch(r"3[0-9A-Fa-f]+|[eE][uU][iI]\.[0-9A-Fa-f]+", wwid) and wwid != wwid.lower():
        return f"write it in lower case: {wwid.lower()}"
    return ""


RULES: tuple[Rule, ...] = (
    a_device_is_named_once,
    wwids_are_multipaths,
    paths_are_stable,
    partitions_are_counted_on_disks,
    a_device_holds_one_volume,
    volumes_have_slots_for_all,
    clusters_can_address_the_volume,
)

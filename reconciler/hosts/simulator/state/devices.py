"""The block devices of one host: names, numbers and links for the disks attached to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import Literal

from reconciler.hosts.simulator.state.disk import Extent, Lun

UBD_MAJOR, SD_MAJOR, DM_MAJOR = 98, 8, 254  # UML's ubd, SCSI disks, device-mapper on Debian
NVME_MAJOR, DRBD_MAJOR = 259, 147  # BLOCK_EXT_MAJOR; LANANA's device list
BY_ID, IQN = "/dev/disk/by-id", "iqn.2026-11.org.example"
MINORS = 16  # per disk, both for ubd (UBD_SHIFT 4) and for sd


Wiring = Literal["plain", "lvm", "nvme", "drbd", "scsi", "paths", "san"]
PATHS: dict[Wiring, int] = {
    "plain": 0, "lvm": 0, "nvme": 0, "drbd": 0, "scsi": 1, "paths": 2, "san": 2,
}  # fmt: skip


@dataclass(slots=True)
class Attachment:
    """A disk as one host is wired to it.

    ``plain``: no WWID, known by ``link`` in /dev/disk/by-id. ``lvm``: a logical volume of the
    host's own, /dev/vg0/NAME; what is below it is not shown. ``nvme``: a namespace that NVMe's
    own multipath joins, with its path, which is hidden. ``drbd``: a resource of the LUN's name,
    primary on all hosts; what is below it is not shown. ``scsi``: one path with a WWID.
    ``paths``: two paths that nothing joins. ``san``: two paths under a multipath map.
    """

    lun: Lun
    kind: Wiring
    link: str = ""


@dataclass(slots=True)
class Device:
    """A block device of the running kernel; ``size`` in bytes is what the kernel knows.

    One that is ``hidden`` has no number, and nobody can open it.
    """

    name: str
    number: str
    lun: Lun
    size: int
    partition: int | None = None
    parent: str = ""
    dm_name: str = ""
    dm_uuid: str = ""
    wwid: str = ""
    slaves: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def extent(self) -> Extent:
        """The content beneath, shared with every other name of it."""
        return self.lun.extent(self.partition)

    @property
    def start(self) -> int | None:
        """Bytes from the beginning of the disk, None for a whole disk."""
        return None if self.partition is None else self.lun.partitions[self.partition].start

    @property
    def node(self) -> str:
        """The path under which /proc/mounts shows it."""
        return f"/dev/mapper/{self.dm_name}" if self.dm_name else f"/dev/{self.name}"

    @property
    def serves(self) -> bool:
        """Whether it is what the host would use: not a path of what joins several."""
        return not self.hidden and not any(holder.startswith("dm-") for holder in self.holders)


def make_devices(attachments: Iterable[Attachment]) -> tuple[Device, ...]:
    """What the kernel finds at boot: every disk at its size of that moment."""
    attached = list(attachments)
    plain = [a for a in attached if a.kind == "plain"]
    scsi = [a for a in attached if PATHS[a.kind]]
    logical = [a for a in attached if a.kind == "lvm"]
    nvme = [a for a in attached if a.kind == "nvme"]
    found = [d for i, a in enumerate(plain) for d in _plain(a, ascii_lowercase[i])]
    found += [d for i, a in enumerate(nvme) for d in _nvme(a, i)]
    found += [_drbd(a, i) for i, a in enumerate(a for a in attached if a.kind == "drbd")]
    maps: list[Device] = []
    for index, attachment in enumerate(scsi):
        places = [i for i, place in enumerate(_places(scsi)) if place is attachment]
        paths = _paths(attachment, index, places, f"dm-{len(maps)}")
        found += [d for path in paths for d in (path, *_partitions(path))]
        if attachment.kind == "san":
            maps += _multipath(attachment, paths, (index, len(maps)))
    return (*found, *maps, *(_logical(a, len(maps) + i) for i, a in enumerate(logical)))


def _logical(attachment: Attachment, minor: int) -> Device:
    """A volume of the group vg0; udev gives it both links."""
    lun = attachment.lun
    uuid = f"LVM-{lun.name:A<64.64}"
    links = (
        f"/dev/vg0/{lun.name}",
        f"{BY_ID}/dm-name-vg0-{lun.name}",
        f"{BY_ID}/dm-uuid-{uuid}",
    )
    return Device(
        f"dm-{minor}",
        f"{DM_MAJOR}:{minor}",
        lun,
        lun.whole.size,
        dm_name=f"vg0-{lun.name}",
        dm_uuid=uuid,
        links=links,
    )


def find(devices: Sequence[Device], path: str) -> Device | None:
    """The device behind a path as the host resolves it."""
    for device in devices:
        if not device.hidden and path in (f"/dev/{device.name}", device.node, *device.links):
            return device
    return None


def _plain(attachment: Attachment, letter: str) -> list[Device]:
    minor = MINORS * ascii_lowercase.index(letter)
    lun, link = attachment.lun, attachment.link
    platform = f"/dev/disk/by-path/platform-uml-blkdev.{ascii_lowercase.index(letter)}"
    links = (link, platform) if link else (platform,)
    disk = Device(f"ubd{letter}", f"{UBD_MAJOR}:{minor}", lun, lun.whole.size, links=links)
    return [disk, *_partitions(disk)]


def _nvme(attachment: Attachment, number: int) -> list[Device]:
    """Native NVMe multipath: the disk, its partitions, and the path that the kernel hides."""
    lun, wwid = attachment.lun, attachment.lun.wwid or ""
    links = (f"{BY_ID}/nvme-{wwid}", f"{BY_ID}/nvme-LAB_{lun.name}")
    name, at = f"nvme{number}n1", f"{NVME_MAJOR}:{MINORS * number}"
    disk = Device(name, at, lun, lun.whole.size, wwid=wwid, links=links)
    path = Device(f"nvme{number}c0n1", "", lun, lun.whole.size, wwid=wwid, hidden=True)
    return [path, disk, *_partitions(disk)]


def _drbd(attachment: Attachment, minor: int) -> Device:
    lun, name = attachment.lun, f"drbd{minor}"
    links = (f"/dev/{name}", f"/dev/drbd/by-res/{lun.name}/0")
    return Device(name, f"{DRBD_MAJOR}:{minor}", lun, lun.whole.size, links=links)


def _partitions(disk: Device) -> list[Device]:
    major, minor = map(int, disk.number.split(":"))
    between = "p" if disk.name[-1].isdigit() else ""
    return [
        replace(
            disk,
            name=f"{disk.name}{between}{number}",
            number=f"{major}:{minor + number}",
            size=part.extent.size,
            partition=number,
            parent=disk.name,
            wwid="",
            links=tuple(f"{link}-part{number}" for link in disk.links),
        )
        for number, part in sorted(disk.lun.partitions.items())
    ]


def _places(scsi: Sequence[Attachment]) -> list[Attachment]:
    """The disk behind sda, sdb, …: the first portal's disks, then the second's."""
    return [a for portal in (0, 1) for a in scsi if PATHS[a.kind] > portal]


def _paths(
    attachment: Attachment, lun_number: int, places: list[int], holder: str
) -> list[Device]:
    """The SCSI disks that are one LUN; links that ignore multipath lead to the last one."""
    lun, wwid, mapped = attachment.lun, attachment.lun.wwid or "", attachment.kind == "san"
    named = [
        f"{BY_ID}/scsi-1LIO-ORG_IBLOCK:{wwid[8:]}",
        f"{BY_ID}/scsi-SLIO-ORG_IBLOCK_{wwid[8:]}",
    ]
    if not mapped:
        named += [f"{BY_ID}/scsi-{wwid}", f"{BY_ID}/wwn-0x{wwid[1:]}"]
    return [
        Device(
            f"sd{ascii_lowercase[place]}",
            f"{SD_MAJOR}:{MINORS * place}",
            lun,
            lun.whole.size,
            wwid=f"naa.{wwid[1:]}",
            holders=(holder,) if mapped else (),
            links=(
                f"/dev/disk/by-path/ip-10.88.{2 + path}.250:3260-iscsi-{IQN}:san-lun-{lun_number}",
                *(named if place == places[-1] else ()),
            ),
        )
        for path, place in enumerate(places)
    ]


def _multipath(
    attachment: Attachment, paths: list[Device], place: tuple[int, int]
) -> list[Device]:
    """The map over the paths, then one linear map a partition; ``place``: alias and minor."""
    lun, wwid = attachment.lun, attachment.lun.wwid or ""
    name, number = f"mpath{ascii_lowercase[place[0]]}", place[1]
    disk = Device(
        f"dm-{number}",
        f"{DM_MAJOR}:{number}",
        lun,
        lun.whole.size,
        dm_name=name,
        dm_uuid=f"mpath-{wwid}",
        slaves=tuple(path.name for path in paths),
        holders=tuple(f"dm-{number + 1 + i}" for i in range(len(lun.partitions))),
        links=_map_links(name, f"mpath-{wwid}", wwid, ""),
    )
    return [disk, *_map_parts(disk, number + 1)]


def _map_parts(disk: Device, first: int) -> list[Device]:
    wwid = disk.lun.wwid or ""
    return [
        Device(
            f"dm-{first + i}",
            f"{DM_MAJOR}:{first + i}",
            disk.lun,
            part.extent.size,
            partition=number,
            parent=disk.name,
            dm_name=f"{disk.dm_name}-part{number}",
            dm_uuid=f"part{number}-{disk.dm_uuid}",
            slaves=(disk.name,),
            links=_map_links(
                f"{disk.dm_name}-part{number}",
                f"part{number}-{disk.dm_uuid}",
                wwid,
                f"-part{number}",
            ),
        )
        for i, (number, part) in enumerate(sorted(disk.lun.partitions.items()))
    ]


def _map_links(name: str, uuid: str, wwid: str, suffix: str) -> tuple[str, ...]:
    return (
        f"{BY_ID}/dm-name-{name}",
        f"{BY_ID}/dm-uuid-{uuid}",
        f"{BY_ID}/scsi-{wwid}{suffix}",
        f"{BY_ID}/wwn-0x{wwid[1:]}{suffix}",
        f"/dev/mapper/{name}",
    )

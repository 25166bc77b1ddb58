"""The looks at disks, and at the file systems on them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping

from reconciler.model.heartbeat_lists import numbers_of
from reconciler.model.plan import Fact
from reconciler.reports.runbook.looks import Check, one, value
from reconciler.reports.runbook.references import Places, shell


def _file_system(fact: Fact, host: str, places: Places) -> Check:
    _kind, label, _of, stamp = (fact.value or "").split(" ")
    device = places.device(host, fact.subject)
    stack, _, cluster = stamp.partition("/")
    command = f"{shell('debugfs.ocfs2', '-R', 'stats', device)} | grep -E 'Label|Cluster (stack|name)'"
    return one(
        command, f"Label: {label}", f"Cluster stack: {stack}", f"Cluster name: {cluster}"
    )


def _uuid(fact: Fact, host: str, places: Places) -> Check:
    device = places.device(host, fact.subject)
    return one(shell("blkid", "-p", "-s", "UUID", "-o", "value", device), value(fact))


def _device_size(fact: Fact, host: str, places: Places) -> Check:
    return one(shell("blockdev", "--getsize64", places.device(host, fact.subject)), value(fact))


def _blank(fact: Fact, host: str, places: Places) -> Check:
    device = places.device(host, fact.subject)
    count = "tr -d '\\0' | wc -c"
    end = f"skip=$(( $({shell('blockdev', '--getsize64', device)}) / 1048576 - 16 ))"
    read = f"dd {shlex.quote(f'if={device}')} bs=1M"
    first, last = (f"{read} {part} 2>/dev/null | {count}" for part in ("count=16", end))
    # These two only: of a partition blkid would tell as well where it is on its disk.
    told = ("-o", "value", "-s", "TYPE", "-s", "PTTYPE")
    signs = (shell("wipefs", "-n", device), shell("blkid", "-p", *told, device))
    return Check(
        (*signs, first, last, shell("lsblk", device)),
        (
            "nothing from wipefs and blkid",
            "0 and 0: zeros at its beginning and its end",
            "one device with nothing below it, nowhere mounted",
        ),
    )


def _split(fact: Fact) -> tuple[str, str]:
    reference, value = fact.subject.rsplit(" ", 1)
    return reference, value


def _capacity(fact: Fact, host: str, places: Places) -> Check:
    reference, least = _split(fact)
    disk = places.disk_path(host, reference)
    return one(
        f"{shell('sg_readcap', '--long', disk)} | grep 'Device size'", f"{least} bytes, or more"
    )


def _disk_room(fact: Fact, host: str, places: Places) -> Check:
    reference, least = _split(fact)
    paths = [f"/dev/{name}" for name in places.paths(host, reference)]
    disk = places.disk_path(host, reference)
    looks = tuple(
        shell("blockdev", "--getsize64", path) for path in dict.fromkeys((disk, *paths))
    )
    return Check(looks, (f"the same number each time: {least}, or more",))


def _device_room(fact: Fact, host: str, places: Places) -> Check:
    reference, least = _split(fact)
    return one(
        shell("blockdev", "--getsize64", places.device(host, reference)), f"{least}, or more"
    )


def _partition_start(fact: Fact, host: str, places: Places) -> Check:
    number = fact.subject.rpartition(",part=")[2]
    disk = places.disk_path(host, fact.subject)
    return one(shell("partx", "-s", "-g", "-o", "START", "-n", number, disk), value(fact))


def _covers(fact: Fact, host: str, places: Places) -> Check:
    device = places.device(host, fact.subject)
    stats = f"{shell('debugfs.ocfs2', '-R', 'stats', device)} | grep -E 'Clusters:|Cluster Size Bits'"
    return Check(
        (shell("blockdev", "--getsize64", device), stats),
        ("the first number is at least Clusters times 2 to the power of Cluster Size Bits",),
    )


def _file_system_size(fact: Fact, host: str, places: Places) -> Check:
    block = places.superblock(fact.subject)
    command = shell("debugfs.ocfs2", "-R", "stats", places.device(host, fact.subject))
    wanted = f"{fact.value} bytes in all"
    if block and fact.value:
        wanted = f"Clusters: {int(fact.value) // block.cluster_size}"
    return one(f"{command} | grep -o 'Clusters: [0-9]*'", wanted)


def _mounted_size(fact: Fact, _host: str, _places: Places) -> Check:
    return one(shell("df", "-B1", "--output=size", fact.subject), value(fact))


def _label(fact: Fact, host: str, places: Places) -> Check:
    device = places.device(host, fact.subject)
    return one(shell("blkid", "-p", "-s", "LABEL", "-o", "value", device), value(fact))


def _slots(fact: Fact, host: str, places: Places) -> Check:
    reference, least = _split(fact)
    command = shell("debugfs.ocfs2", "-R", "stats", places.device(host, reference))
    return one(f"{command} | grep 'Max Node Slots'", f"Max Node Slots: {least}, or more")


def _heartbeats(fact: Fact, host: str, places: Places) -> Check:
    reference, beats = _split(fact)
    command = shell("debugfs.ocfs2", "-R", "hb", places.device(host, reference))
    others = "".join(f", apart from {words}" for words in _apart(beats))
    # One that these steps format has no line until its first mount.
    silent = "no line at all is unknown, not ended; " if places.superblock(reference) else ""
    return Check(
        (command, f"sleep 12; {command}"),
        (
            f"no line with a generation other than 0{others}; {silent}"
            "on sectors of 4096 bytes (blockdev --getss) nodes above 31 are not shown",
        ),
    )


def _apart(beats: str) -> Iterator[str]:
    """The lines that may have a generation."""
    numbers = numbers_of(beats)
    mounted = ", ".join(str(n) for n, block in numbers.items() if not block)
    frozen = ", ".join(str(n) for n, block in numbers.items() if block)
    if mounted:
        yield f"node {mounted}, which have it mounted or get it"
    if frozen:
        yield f"node {frozen}, whose line stands still"


def _lun(fact: Fact, host: str, places: Places) -> Check:
    return one(shell("ls", places.device(host, fact.subject)), "No such file or directory")


DISKS: Mapping[str, Callable[[Fact, str, Places], Check]] = {
    "file-system": _file_system,
    "file-system-uuid": _uuid,
    "device-size": _device_size,
    "blank": _blank,
    "capacity": _capacity,
    "disk-room": _disk_room,
    "device-room": _device_room,
    "partition-start": _partition_start,
    "device-covers": _covers,
    "file-system-size": _file_system_size,
    "mounted-size": _mounted_size,
    "label": _label,
    "slots": _slots,
    "heartbeats": _heartbeats,
    "lun": _lun,
}

"""The names by which a device is known after each boot: one list of them, for all who name one.

``validate`` takes no other, the probe tells of these, and ``import`` writes the best of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from reconciler.frozen import frozen

BY_ID = "/dev/disk/by-id/"
# Names of by-id in the order of trust; under multipath only the map's own name.
TRUST = ("dm-uuid-", "wwn-", "scsi-", "nvme-", "virtio-", "")
DEALT_OUT = "such a name can mean another disk on each host and after each boot"
# Pattern of a path -> why it does not last.
UNSTABLE = (
    (r"/dev/(sd|vd|xvd|hd|ubd)[a-z]+[0-9]*", DEALT_OUT),
    (r"/dev/(nvme|mmcblk|dm-|loop|md|nbd|ram|rbd|zram|sr)[0-9].*", DEALT_OUT),
    (r"/dev/(cciss|ida|rd)/.+", DEALT_OUT),  # by controller and place on it
    (
        r"/dev/(mapper/|disk/by-id/dm-name-)mpath([a-z]+|[0-9]+)((-part|p)[0-9]+|[0-9]*)",
        DEALT_OUT,
    ),
    (r"/dev/disk/by-(uuid|label)/.*", "formatting changes what it means"),
    (r"/dev/disk/by-partlabel/.*", "nothing keeps two partitions from having the same label"),
    (r"/dev/drbd/by-disk/.*", "what is below may have another name on each host"),
)
# Directories of udev and the kernel, which are no volume groups.
NO_GROUPS = (
    *(
        "block",
        "bsg",
        "bus",
        "char",
        "cpu",
        "disk",
        "dri",
        "drbd",
        "fd",
        "input",
        "mapper",
        "md",
    ),
    *("mqueue", "net", "oracleoci", "pts", "rbd", "shm", "snd", "vfio"),
)
NONE = "it is none of those that udev, LVM, multipath, DRBD or Ceph keep"


@frozen
class Sort:
    """Names of one kind; ``part`` is how one says that it is a partition, empty if none is.

    ``counts``: whether a partition's number may be given with such a name of a whole disk.
    """

    name: str
    pattern: str
    part: str = ""
    counts: bool = True


# The most trustworthy first. Of Oracle Cloud's names the volume has a place that is chosen when
# it is attached; /dev/drbdN is by the resource's own file, /dev/rbdN by who was mapped first.
SORTS = (
    Sort("by-id", r"/dev/disk/by-id/[^/]+", r"(.+)-part([0-9]{1,3})"),
    Sort("by-partuuid", r"/dev/disk/by-partuuid/[^/]+", r"(.+)()", counts=False),
    Sort("by-path", r"/dev/disk/by-path/[^/]+", r"(.+)-part([0-9]{1,3})"),
    Sort("oracleoci", r"/dev/oracleoci/oraclevd[a-z]+[0-9]*", r"(.+?)([0-9]{1,3})"),
    Sort("rbd", r"/dev/rbd/[^/]+(/[^/]+){1,2}", r"(.+)-part([0-9]{1,3})"),
    Sort("drbd-resource", r"/dev/drbd/by-res/[^/]+(/[0-9]+)?"),
    Sort("drbd", r"/dev/drbd[0-9]+"),
    Sort("md", r"/dev/md/[^/]+", r"(.+)p([0-9]{1,3})"),
    Sort("mapper", r"/dev/mapper/[^/]+", counts=False),
    Sort("lvm", rf"/dev/(?!({'|'.join(NO_GROUPS)})/)[^/]+/[^/]+", counts=False),
)
MAP_PART = re.compile(r"(.*/dm-uuid-)part([0-9]{1,3})-(.+)", re.IGNORECASE)


def instability(path: str) -> str:
    """Why a path may mean another device some day; empty if it may not."""
    if {".", ".."} & set(path.split("/")):
        return "it leads through '.' or '..'"
    why = next((why for pattern, why in UNSTABLE if re.fullmatch(pattern, path)), "")
    return why or ("" if sort_of(path) else NONE)


def sort_of(path: str) -> Sort | None:
    """The kind of a name; None for one that is of none."""
    return next((sort for sort in SORTS if re.fullmatch(sort.pattern, path)), None)


def whole_of(path: str) -> tuple[str, int] | None:
    """The name of the disk and the partition's number, if a name says that it is a partition.

    The number is 0 where the name does not tell it.
    """
    if found := MAP_PART.fullmatch(path):
        return found[1] + found[3], int(found[2])
    sort = sort_of(path)
    if sort is None or not sort.part or not (found := re.fullmatch(sort.part, path)):
        return None
    return found[1], int(found[2] or 0)


def takes_number(path: str) -> bool:
    """Whether a partition's number may be given with it: it is the name of a whole disk."""
    sort = sort_of(path)
    return sort is not None and sort.counts and whole_of(path) is None


@lru_cache(4096)  # asked of each name of each disk on each host, by several rules
def trust(path: str) -> int | None:
    """How much a name is worth: the less, the better; None for one that does not last."""
    if instability(path):
        return None
    if path.startswith(BY_ID):
        name = path.removeprefix(BY_ID)
        return next(rank for rank, start in enumerate(TRUST) if name.startswith(start))
    return len(TRUST) + next(n for n, sort in enumerate(SORTS) if sort is sort_of(path))


def best_name(paths: Iterable[str]) -> str | None:
    """The most trustworthy of a device's names; None if none lasts."""
    ranked = [(rank, path) for path in paths if (rank := trust(path)) is not None]
    return min(ranked, default=(0, None))[1]

"""What a difference would lead to: the loss of data or a host, less than there was, or nothing.

Two tables, one by refusal and one by place; both are tested to be all that drift can say. A row
tells what happens at the next event, if nobody mends it before: a boot, a mount, a dead host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from reconciler.frozen import frozen
from reconciler.model.addresses import MEMBER, VOLUME, parse_address
from reconciler.model.policy import SEVERITIES, Severity

if TYPE_CHECKING:  # drift sorts its items by what they lead to
    from reconciler.planning.review.drift import Item


@frozen
class Consequence:
    """How bad it is, and what it leads to, in words."""

    severity: Severity
    leads_to: str


def _loses(words: str) -> Consequence:
    return Consequence("loses", words)


def _degrades(words: str) -> Consequence:
    return Consequence("degrades", words)


def _cosmetic(words: str) -> Consequence:
    return Consequence("cosmetic", words)


When = Callable[["Item"], bool]
Rows = tuple[tuple[When, Consequence], ...]


def _always(_item: Item) -> bool:
    return True


def _is_missing(item: Item) -> bool:
    """The host has nothing there."""
    return item.actual is None


def _is_unwanted(item: Item) -> bool:
    """It is there, and shall not be."""
    return item.expected in {None, "inactive", "disabled", "stopped"}


def _was_there(item: Item) -> bool:
    """It was applied, and is there no more."""
    return item.kind == "changed-outside"


# By what an address is of, without names; the first row that fits.
BY_PLACE: Mapping[str, Rows] = {
    "member/cluster.conf": (
        (_is_missing, _degrades("after its next boot it has no cluster and no volume")),
        (
            _always,
            _loses(
                "after its next boot it could mount by an old list, and replay a journal in use"
            ),
        ),
    ),
    "member/live-nodes": (
        (_is_missing, _degrades("it is not in the cluster, and mounts nothing")),
        (_always, _loses("members that do not know each other can mount the same volume")),
    ),
    "member/timeouts": (
        (_always, _degrades("kernels with other timeouts refuse each other's connections")),
    ),
    "member/o2cb-settings": (
        (_always, _degrades("after its next boot it has other timeouts, or no cluster")),
    ),
    "member/o2cb-at-boot": (
        (
            _is_unwanted,
            _loses("it starts the cluster at boot, by a list that knows it no more"),
        ),
        (_always, _degrades("after its next boot it has no cluster and no volume")),
    ),
    "member/module": ((_always, _degrades("it is not in the cluster, and mounts nothing")),),
    "member/loaded-module": ((_always, _cosmetic("its next boot runs another build")),),
    "member/packages": ((_always, _degrades("what works on its volumes lacks a tool")),),
    "member/tools-version": ((_always, _cosmetic("it works with another version")),),
    "member/kernel-module": (
        (_always, _degrades("after its next boot it has no module, and mounts nothing")),
    ),
    "member/kernel-module-version": ((_always, _cosmetic("it works with another version")),),
    "member/heartbeats": ((_always, _cosmetic("a block that is attested is asked for again")),),
    "member/quarantine/enter": (
        (_always, _loses("a host that left could return, and nobody here knows of it")),
    ),
    "member/quarantine/leave": ((_always, _cosmetic("a number stays taken that is free")),),
    "member/service": (
        (_is_unwanted, _degrades("it runs without its volume, or keeps it in use")),
        (_always, _degrades("what a run stopped, or a boot did not start, does not run")),
    ),
    "member/service/boot": (
        (_is_unwanted, _degrades("after the next boot it runs without its volume")),
        (_always, _degrades("after the next boot it does not run")),
    ),
    "member/service/order": (
        (_always, _loses("at the next shutdown the cluster may go first, and the host fences")),
    ),
    "member/guest": (
        (_is_unwanted, _degrades("it runs where its volume shall not be in use")),
        (_always, _degrades("what a run stopped has not been started again")),
    ),
    "member/automount": (
        (_always, _loses("a host that left mounts by itself, by a list that is old")),
    ),
    "volume/file-system": (
        (_was_there, _loses("the file system that was there is not to be found")),
        (_always, _degrades("nobody can mount it")),
    ),
    "volume/size": ((_always, _cosmetic("there is room that nobody uses yet")),),
    "volume/slots": ((_always, _degrades("fewer hosts can mount it than shall")),),
    "volume/label": ((_always, _cosmetic("it is called otherwise on the disk")),),
    "volume/check": (
        (_always, _loses("a tool was cut short, and what mounts it may lose more")),
    ),
    "volume/programs": ((_always, _degrades("looking does not see the guests on it")),),
    "volume/mount": (
        (_is_missing, _degrades("the host does without the volume")),
        (_is_unwanted, _degrades("the host has a volume in use that it shall not have")),
        (_always, _degrades("the host has it elsewhere, or in another way")),
    ),
    "volume/mount/options": ((_always, _cosmetic("it is mounted with other options")),),
    "volume/boot": (
        (_is_missing, _degrades("after its next boot the host does without the volume")),
        (_is_unwanted, _loses("the host mounts it at its next boot, and shall not have it")),
        (_always, _degrades("at its next boot the host mounts it otherwise, or not")),
    ),
    "volume/boot/order": (
        (_always, _loses("at the next shutdown the cluster may go first, and the host fences")),
    ),
    "volume/access": ((_always, _loses("a host that left can still write to the disk")),),
}

# By refusal, of what no plan makes good; as ``drift.TRUTHS``.
BY_CODE: Mapping[str, Consequence] = {
    "automount-conflict": _degrades("it is mounted where and when the file does not say"),
    "cluster-conf-invalid": _degrades("after its next boot it has no cluster and no volume"),
    "device-ambiguous": _loses("the host fences when the one path that it uses is gone"),
    "device-missing": _degrades("the host does without the volume"),
    "device-not-blank": _degrades("nobody can mount it"),
    "device-size-differs": _degrades("it cannot grow, or be formatted"),
    "device-too-small": _degrades("it cannot become as large as it shall be"),
    "different-device": _loses("hosts write to different disks, and take them for one"),
    "drop-in-foreign": _loses("at the next shutdown the cluster may go first"),
    "feature-skew": _degrades("the host cannot mount it, now or after its next boot"),
    "foreign-cluster": _degrades("the host is in another cluster, and mounts nothing of this"),
    "foreign-heartbeat": _loses("somebody unknown has it mounted, and writes to it"),
    "foreign-stack": _loses("another cluster stack may have it mounted, beside this one"),
    "fstab-conflict": _degrades("at its next boot the host mounts something else there"),
    "heartbeat-mode-differs": _degrades("nobody can mount it"),
    "hostname-differs": _degrades("after its next boot it is not in its own list"),
    "interconnect-not-on-host": _degrades("the others lose it, or cannot reach it"),
    "label-differs": _cosmetic("it is called otherwise on the disk"),
    "module-missing": _degrades("it is not in the cluster, and mounts nothing"),
    "mount-hidden": _degrades("it cannot be unmounted while that process runs"),
    "mount-path-busy": _degrades("the host does without the volume"),
    "not-formatted": _degrades("nobody can mount it"),
    "partition-missing": _degrades("nobody can mount it"),
    "protocol-skew": _degrades("the host cannot mount beside the others"),
    "shrink-refused": _cosmetic("it stays larger than the file says"),
    "slot-zero": _degrades("a mount would wait for ever, and a reboot alone ends it"),
    "tools-missing": _degrades("what works on its volumes lacks a tool"),
    "unit-not-usable": _degrades("after its next boot it has no cluster and no volume"),
    "volume-read-only": _loses("what is written there is lost, or refused"),
    "volume-unfamiliar": _degrades("it is in use, and nobody looks after it"),
}
# Of an address that no row is about: nobody has said that it is harmless.
UNTOLD = _degrades("nobody has said what it leads to")


def consequence(item: Item) -> Consequence:
    """What a difference leads to."""
    if item.code:
        return BY_CODE.get(item.code, UNTOLD)
    rows = BY_PLACE.get(place_of(item.address), ())
    return next((found for when, found in rows if when(item)), UNTOLD)


# How many words of an address are names, behind the one that says of what it is.
_NAMES = {
    (MEMBER, "service"): 1,
    (MEMBER, "guest"): 2,
    (MEMBER, "automount"): 1,
    (VOLUME, "mount"): 1,
    (VOLUME, "boot"): 1,
    (VOLUME, "access"): 1,
    (VOLUME, "size"): 1,
    (VOLUME, "programs"): 1,
}


def place_of(address: str) -> str:
    """An address without its names: ``volume/mount/options``."""
    parts = parse_address(address)
    what, *rest = parts.aspect or ("",)
    return "/".join((parts.sort, what, *rest[_NAMES.get((parts.sort, what), 0) :]))


def worst_first(items: Iterable[Item]) -> tuple[Item, ...]:
    """In the order of severity; of the same one as they were."""
    return tuple(sorted(items, key=lambda i: -SEVERITIES.index(consequence(i).severity)))

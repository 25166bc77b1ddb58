"""Devices and file systems after an action, as hosts see them."""

from __future__ import annotations

import json
from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.devices import view_of, whole_disk
from reconciler.model.effect import (
    BARRIER,
    Effects,
    expected_fact,
    on_all,
    on_host,
    readable_view,
    text_file,
    unchanged,
    with_record,
    with_superblock,
    with_view,
)
from reconciler.model.observed import HostFacts, Unknown, require
from reconciler.model.plan import Action
from reconciler.model.records import DIRECTORY, MODE
from reconciler.resources.growth.backups import STATES, name


def _backup_noted(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """As the gate writes it, at once: how long a backup takes nobody knows."""
    fact, me = action.expects[0], facts.identity
    if isinstance(me, Unknown) or isinstance(facts.records, Unknown):
        return facts
    cluster, uuid, size, argv = fact.subject.split(" ")
    began = int(me.uptime)
    row = {"uuid": uuid, "bytes": int(size), "argv": argv, "boot": me.boot_id, "began": began}
    text = json.dumps({**row, "ended": began if fact.value == STATES["note-backup"] else None})
    path = f"{DIRECTORY}/{cluster}/{name(uuid)}"
    return with_record(facts, text_file(path, text, MODE))


def _rescanned(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The disk and its paths have as much as was asked for."""
    disk_ref, least = expected_fact(action, "disk-room").subject.rsplit(" ", 1)
    view = view_of(facts, disk_ref)
    disk = whole_disk(facts, view) if view else None
    if view is None or disk is None:
        return facts
    names, size = {disk.name, *disk.slaves}, int(least)
    disks = tuple(
        replace(d, size=max(d.size, size), capacity=max(d.capacity or 0, size) or None)
        if d.name in names
        else d
        for d in require(facts.disks)
    )
    facts = replace(facts, disks=disks)
    if view.node != disk.name:
        return facts
    return with_view(facts, replace(view, size=max(view.size or 0, size)))


def _part_resized(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The kernel has the partition in the size that proves it."""
    fact = expected_fact(action, "device-size")
    view, size = view_of(facts, fact.subject), int(fact.value or 0)
    if view is None:
        return facts
    disks = tuple(
        replace(d, size=size) if d.name == view.node else d for d in require(facts.disks)
    )
    return with_view(replace(facts, disks=disks), replace(view, size=size))


def _backing_grown(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The disk says that it is larger, where it says anything; kernels do not know it yet."""
    if not action.expects:
        return facts
    disk_ref, least = expected_fact(action, "capacity").subject.rsplit(" ", 1)
    view = readable_view(facts, disk_ref)
    disk = whole_disk(facts, view) if view and not isinstance(facts.disks, Unknown) else None
    if disk is None:
        return facts
    disks = tuple(
        replace(d, capacity=max(d.capacity, int(least)))
        if d.name == disk.name and d.capacity is not None
        else d
        for d in require(facts.disks)
    )
    return replace(facts, disks=disks)


def _slots_added(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The file system has so many."""
    device, count = expected_fact(action, "slots").subject.rsplit(" ", 1)
    return with_superblock(facts, device, lambda block: replace(block, slots=int(count)))


def _labelled(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The file system has that label."""
    fact = expected_fact(action, "label")
    new = str(fact.value)
    return with_superblock(facts, fact.subject, lambda block: replace(block, label=new))


def _file_system_grown(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The file system is larger, and so is what has it mounted."""
    fact = expected_fact(action, "file-system-size")
    size = int(fact.value or 0)
    facts = with_superblock(
        facts, fact.subject, lambda block: replace(block, clusters=size // block.cluster_size)
    )
    view = readable_view(facts, fact.subject)
    if view is None or isinstance(facts.mounts, Unknown):
        return facts
    mounts = tuple(
        replace(m, size=size) if m.device == view.device else m for m in facts.mounts
    )
    return replace(facts, mounts=mounts)


_CHECKED = unchanged("no fact shows what a check found: the gate's verdict decides")
EFFECTS: Effects = {
    "begin-backup": on_host(_backup_noted),
    "back-up": unchanged("it reads; what it has made is noted by note-backup"),
    "note-backup": on_host(_backup_noted),
    "check-file-system": _CHECKED,
    "add-slots": on_all(_slots_added),
    "set-label": on_all(_labelled),
    "grow-backing": on_all(_backing_grown),
    "rescan": on_host(_rescanned),
    "grow-partition": on_host(_part_resized),
    "reread-partition": on_host(_part_resized),
    "same-size": BARRIER,
    "grow-unmounted": on_all(_file_system_grown),
    "check-grown": _CHECKED,
    "grow-file-system": on_all(_file_system_grown),
}

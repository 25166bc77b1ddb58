"""What hosts will see of devices and file systems after an action (see ``planning.prediction``).

An effect reads what an action ``expects``, so that it makes true what shall prove it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.devices import view_of, whole_disk
from reconciler.model.observed import HostFacts, Superblock, Unknown, WantedDevice, known
from reconciler.model.plan import Action, Fact

Effect = Callable[[Cluster, HostFacts, Action], HostFacts]
# mkfs.ocfs2 without -b and -C, as far as sizes are planned from it.
BLOCK = 4096
# Of a file system whose UUID mkfs.ocfs2 chooses: not to be compared.
UNTOLD = "-"


def rescanned(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The disk and its paths have as much as was asked for."""
    name, least = _fact(action, "disk-room").subject.rsplit(" ", 1)
    view = view_of(facts, name)
    disk = whole_disk(facts, view) if view else None
    if view is None or disk is None:
        return facts
    names, size = {disk.name, *disk.slaves}, int(least)
    disks = tuple(
        replace(d, size=max(d.size, size), capacity=max(d.capacity or 0, size) or None)
        if d.name in names
        else d
        for d in known(facts.disks)
    )
    facts = replace(facts, disks=disks)
    if view.node != disk.name:
        return facts
    return _with_view(facts, replace(view, size=max(view.size or 0, size)))


def part_resized(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The kernel has the partition in the size that proves it."""
    fact = _fact(action, "device-size")
    view, size = view_of(facts, fact.subject), int(fact.value or 0)
    if view is None:
        return facts
    disks = tuple(
        replace(d, size=size) if d.name == view.node else d for d in known(facts.disks)
    )
    return _with_view(replace(facts, disks=disks), replace(view, size=size))


def backing_grown(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The disk says that it is larger, where it says anything; kernels do not know it yet."""
    if not action.expects:
        return facts
    name, least = _fact(action, "capacity").subject.rsplit(" ", 1)
    view = _view(facts, name)
    disk = whole_disk(facts, view) if view and not isinstance(facts.disks, Unknown) else None
    if disk is None:
        return facts
    disks = tuple(
        replace(d, capacity=max(d.capacity, int(least)))
        if d.name == disk.name and d.capacity is not None
        else d
        for d in known(facts.disks)
    )
    return replace(facts, disks=disks)


def formatted(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """A new file system, without anybody on it."""
    view = _view(facts, _fact(action, "file-system").subject)
    argv = action.command.argv if action.command else ()
    words = argv[argv.index("mkfs.ocfs2") :]
    if view is None or view.size is None:
        return facts
    block = int(_option(words, "-b") or BLOCK)
    unit = int(_option(words, "-C") or BLOCK)
    blocks = int(words[-1]) if words[-1].isdecimal() else view.size // block
    made = Superblock(
        uuid=_option(words, "-U") or UNTOLD,
        label=_option(words, "-L"),
        slots=int(_option(words, "-N") or 0),
        block_size=block,
        cluster_size=unit,
        clusters=blocks * block // unit,
        stack="o2cb",
        cluster=cluster.name,
    )
    new = replace(
        view,
        signature={"TYPE": "ocfs2"},
        zeros=None,
        superblock=made,
        slot_map=(),
        beats=(),
    )
    return _with_view(facts, new)


def slots_added(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The file system has so many."""
    name, count = _fact(action, "slots").subject.rsplit(" ", 1)
    return _with_block(facts, name, lambda block: replace(block, slots=int(count)))


def labelled(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The file system has that label."""
    fact = _fact(action, "label")
    new = str(fact.value)
    return _with_block(facts, fact.subject, lambda block: replace(block, label=new))


def file_system_grown(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The file system is larger, and so is what has it mounted."""
    fact = _fact(action, "file-system-size")
    size = int(fact.value or 0)
    facts = _with_block(
        facts, fact.subject, lambda block: replace(block, clusters=size // block.cluster_size)
    )
    view = _view(facts, fact.subject)
    if view is None or isinstance(facts.mounts, Unknown):
        return facts
    mounts = tuple(
        replace(m, size=size) if m.device == view.device else m for m in facts.mounts
    )
    return replace(facts, mounts=mounts)


def silenced(who: Collection[int]) -> Effect:
    """The heartbeats of who unmounts have ended, as everybody sees it on the disk."""

    def effect(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
        view = _view(facts, _fact(action, "unmounted").subject.split(" ")[1])
        if view is None or view.beats is None:
            return facts
        beats = tuple(replace(b, generation="0") if b.node in who else b for b in view.beats)
        return _with_view(facts, replace(view, beats=beats))

    return effect


def _fact(action: Action, reading: str) -> Fact:
    return next(fact for fact in action.expects if fact.reading == reading)


def _option(words: Sequence[str], name: str) -> str:
    """The word after an option; empty without it."""
    return words[words.index(name) + 1] if name in words else ""


def _view(facts: HostFacts, name: str) -> WantedDevice | None:
    """What a host sees behind a reference; None also where it could not look."""
    return None if isinstance(facts.wanted, Unknown) else view_of(facts, name)


def _with_view(facts: HostFacts, new: WantedDevice) -> HostFacts:
    views = tuple(new if v.ref == new.ref else v for v in known(facts.wanted))
    return replace(facts, wanted=views)


def _with_block(
    facts: HostFacts, name: str, change: Callable[[Superblock], Superblock]
) -> HostFacts:
    view = _view(facts, name)
    if view is None or view.superblock is None:
        return facts
    return _with_view(facts, replace(view, superblock=change(view.superblock)))

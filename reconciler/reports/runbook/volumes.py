"""What a person types to change a volume: its device, its partition, its file system."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from reconciler.model.addresses import parse_address
from reconciler.model.devices import ref
from reconciler.model.plan import Action, Fact
from reconciler.reports.runbook.references import Mounted, Places, is_map, shell
from reconciler.reports.runbook.typed import (
    Commands,
    Maker,
    arguments,
    find_gate_call,
    node,
    plainly,
)


def _reference(action: Action, places: Places) -> str:
    """The device of the volume that an action is about."""
    label = parse_address(action.address).name
    return next((ref(v) for v in places.cluster.volumes if v.label == label), "")


def gate_looks(action: Action, places: Places) -> tuple[Fact, ...]:
    """What no fact of a mount tells, as its gate itself looks at the heartbeats before it."""
    call = find_gate_call(action)
    if action.kind != "mount" or call is None or call.target is None:
        return ()
    subject = f"{_reference(action, places)} {call.target.beats}"
    return (Fact((action.host,), "heartbeats", subject, "explained"),)


def mounted_after(mounted: frozenset[Mounted], group: Sequence[Action]) -> frozenset[Mounted]:
    """What is mounted where, once a step is done."""
    paths = {
        kind: {(a.host, arguments(a)[0]) for a in group if a.kind == kind}
        for kind in ("mount", "unmount")
    }
    return mounted - paths["unmount"] | paths["mount"]


def _format(action: Action, _places: Places) -> Commands:
    return (shell(*arguments(action)[1:]),)


def _backing(action: Action, places: Places) -> Commands:
    """lvextend counts in sectors here, as the size may be none of its units."""
    if find_gate_call(action) is None:
        return plainly(action, places)
    group, volume, size = arguments(action)
    sectors = (int(size) + 511) // 512
    name = f"{group}/{volume}"
    look = shell("lvs", "--noheadings", "--units", "b", "-o", "lv_size", name)
    return (
        f"{look}    # only if it is less than {size}",
        shell("lvextend", "-L", f"{sectors}s", name),
    )


def _rescan(action: Action, places: Places) -> Commands:
    reference = _reference(action, places)
    names = places.paths(action.host, reference)
    disk = places.disk(action.host, reference)
    again = [f"echo 1 >/sys/class/block/{name}/device/rescan" for name in names]
    if disk is None or not is_map(disk):
        return tuple(again)
    name = shlex.quote(disk.dm_name or disk.name)
    return (
        f"multipath -ll {name}    # every path active ready",
        *again,
        f"multipathd resize map {name}",
    )


def _partition(action: Action, places: Places) -> Commands:
    disk, (number, _start, end) = node(action), arguments(action)
    found = places.disk(action.host, _reference(action, places))
    dump = f"/root/{action.address.split('/')[1]}.partitions.dump"
    unit = (found.sector if found else 512) // 512  # parted counts in the disk's own blocks
    sector = (int(end) + 1) // unit - 1
    return (
        f"{shell('sfdisk', '-d', disk)} >{dump}    # the table as it is now",
        f"{shell('parted', disk, 'print')}    # a GPT that does not use all of the disk: Fix, Fix",
        f"{shell('parted', disk, 'unit', 's', 'resizepart', number, f'{sector}s')}    # in use: Yes",
        *_tell_kernel(action, places, disk, number),
    )


def _reread(action: Action, places: Places) -> Commands:
    number, _size = arguments(action)
    return _tell_kernel(action, places, node(action), number)


def _tell_kernel(action: Action, places: Places, disk: str, number: str) -> Commands:
    reference = _reference(action, places)
    whole, part = places.disk(action.host, reference), places.partition(action.host, reference)
    if whole is None or not is_map(whole):
        return (
            shell("blockdev", "--flushbufs", disk),
            shell("partx", "-u", "-n", number, disk),
        )
    name, whole_name = (part.dm_name or "") if part else "", whole.dm_name or ""
    between = name.removeprefix(whole_name).removesuffix(number) if name else "-part"
    return (
        shell("blockdev", "--flushbufs", disk),
        shell("kpartx", "-u", "-s", "-p", between, disk),
    )


def _grow(action: Action, _places: Places) -> Commands:
    blocks, _how = arguments(action)
    return (shell("tunefs.ocfs2", "-S", node(action), blocks),)


def _check(action: Action, _places: Places) -> Commands:
    device, (_stack, cluster) = node(action), arguments(action)
    stats = shell("debugfs.ocfs2", "-R", "stats", device)
    return (
        f"{stats} | grep 'Cluster name'    # {cluster}, or nothing; else do not go on",
        shell("debugfs.ocfs2", "-R", "slotmap", device),
        f"{shell('fsck.ocfs2', '-fn', device)}    # where the slot map had no slot in use",
        f"{shell('fsck.ocfs2', '-fy', device)}    # where it had one, or -fn found something; again "
        "until a run finds nothing",
    )


def _slots(action: Action, _places: Places) -> Commands:
    (count,) = arguments(action)
    return (shell("tunefs.ocfs2", "-N", count, node(action)),)


def _label(action: Action, _places: Places) -> Commands:
    (label,) = arguments(action)
    return (shell("tunefs.ocfs2", "-L", label, node(action)),)


VOLUMES: Mapping[str, Maker] = {
    **dict.fromkeys(("grow-file-system", "grow-unmounted"), _grow),
    **dict.fromkeys(("check-file-system", "check-grown"), _check),
    "format": _format,
    "grow-backing": _backing,
    "rescan": _rescan,
    "grow-partition": _partition,
    "reread-partition": _reread,
    "add-slots": _slots,
    "set-label": _label,
}

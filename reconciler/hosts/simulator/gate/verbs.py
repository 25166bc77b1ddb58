"""What the gate is asked and what it does: a row for each verb, and the forms of its arguments."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.gate import (
    automounts,
    backup,
    cluster,
    file_system,
    files,
    grow_device,
    guests,
    heartbeats,
    kernel_module,
    lease,
    packages,
    storage,
)
from reconciler.hosts.simulator.gate.arguments import (
    CLUSTER,
    DEVICE,
    DIGEST,
    LABEL,
    LVM,
    MODE,
    NUMBER,
    OPTIONS,
    PARTITION,
    PATH,
    RUN,
    SCOPE,
    SLOTS,
    TEXT,
    UUID,
    WWID,
)
from reconciler.hosts.simulator.gate.call import Call
from reconciler.hosts.simulator.gate.format import format_cut_short, format_volume
from reconciler.hosts.simulator.gate.mount import mount, remount, unmount
from reconciler.hosts.simulator.state.reply import Reply

if TYPE_CHECKING:
    from reconciler.model.gate_call import Target

Verb = tuple[Callable[[Call], Reply], tuple[str, ...]]
VERBS: dict[str, Verb] = {
    "write-file": (files.write_file, (PATH, MODE, f"absent|{DIGEST}", DIGEST)),
    "format": (format_volume, ("--", r"mkfs\.ocfs2", ".*")),
    "mount": (mount, (PATH, OPTIONS)),
    "remount": (remount, (PATH, OPTIONS)),
    "unmount": (unmount, (PATH,)),
    "extend-lv": (storage.extend_lv, (LVM, LVM, NUMBER)),
    "rescan": (grow_device.rescan, (NUMBER,)),
    "grow-partition": (grow_device.grow_partition, (PARTITION, NUMBER, NUMBER)),
    "reread-partition": (grow_device.reread_partition, (PARTITION, NUMBER)),
    "grow-fs": (file_system.grow_fs, (NUMBER, "mounted|unmounted")),
    "add-slots": (file_system.add_slots, (SLOTS,)),
    "set-label": (file_system.set_label, (LABEL,)),
    "check-fs": (file_system.check_fs, (r"[a-z0-9_]{1,16}", CLUSTER)),
    "disarm": (
        automounts.disarm,
        ("unit|autofs", f"{automounts.UNIT}|{automounts.MAP}", r"[^\x00-\x1f]{1,1000}"),
    ),
    "note-backup": (
        backup.note,
        (CLUSTER, "begun|made", LABEL, UUID, NUMBER, LABEL, DIGEST),
    ),
    "stop-guest": (
        guests.stop_guest,
        (guests.NAME, NUMBER, guests.WORDS, guests.WORDS),
    ),
    "migrate-guest": (
        guests.migrate_guest,
        (guests.NAME, NUMBER, guests.WORDS, guests.WORDS, guests.WORDS),
    ),
    "start-guest": (
        guests.start_guest,
        (PATH, guests.NAME, NUMBER, guests.WORDS, guests.WORDS),
    ),
    "install-packages": (packages.install, (packages.MANAGER, packages.WORD)),
    "install-module": (
        packages.install_module,
        (packages.MANAGER, packages.BUILD, packages.RELEASE),
    ),
    "fetch": (
        packages.fetch,
        ("install-packages|install-module", packages.MANAGER, packages.WORD),
    ),
    "reload-module": (kernel_module.reload, (packages.RELEASE,)),
    "archive-file": (files.archive_file, (PATH, DIGEST)),
    "set-live": (cluster.set_live, (CLUSTER, "reconnect_delay_ms", NUMBER)),
    "lease-acquire": (
        lease.acquire,
        (SCOPE, RUN, TEXT, r"[A-Za-z0-9_.,:-]+", f"-|{RUN}"),
    ),
    "lease-renew": (lease.renew, (SCOPE, RUN, NUMBER)),
    "lease-seal": (lease.seal, (SCOPE, RUN, NUMBER)),
    "lease-free": (lease.free, (SCOPE, RUN, NUMBER)),
    "lease-unlock": (lease.unlock, (SCOPE, RUN)),
    "pause": (lease.pause, (CLUSTER, TEXT, TEXT, rf"-|\+?(?:{NUMBER})")),
    "resume": (lease.resume, ()),
}
OPEN = frozenset({"format", "install-packages", "fetch"})
HALVES: dict[str, Callable[[Call], None]] = {
    "format": format_cut_short,
    "rescan": grow_device.rescan_cut_short,
    "grow-partition": grow_device.grow_partition_cut_short,
    "grow-fs": file_system.grow_fs_cut_short,
    "migrate-guest": guests.migrate_cut_short,
}


# What a verb that touches a device wants to be told of it: size and UUID, ``-`` or a value.
NAMED: dict[str, tuple[str, str]] = {
    "format": (r"[1-9]\d*", "-"),
    **dict.fromkeys(("rescan", "grow-partition", "reread-partition"), ("-", "-")),
    **dict.fromkeys(("mount", "remount"), ("-", f"-|{UUID}")),
    **dict.fromkeys(("grow-fs", "add-slots", "set-label", "check-fs"), ("-", UUID)),
}


def _is_named(verb: str, target: Target | None) -> bool:
    """Whether a call names a device as its verb wants it, and none where it wants none."""
    if target is None or verb not in NAMED:
        return target is None and verb not in NAMED
    patterns = (DEVICE, WWID, *NAMED[verb], heartbeats.LIST)
    return all(map(re.fullmatch, patterns, target.words()[1:]))


def understands(verb: str, args: tuple[str, ...], target: Target | None = None) -> bool:
    """Whether the gate has the verb with such arguments; some take more of the last kind."""
    if verb not in VERBS or not _is_named(verb, target):
        return False
    patterns = VERBS[verb][1]
    more = len(args) - len(patterns)
    if more and (more < 0 or verb not in OPEN):
        return False
    return all(map(re.fullmatch, (*patterns, *patterns[-1:] * more), args))


def perform(verb: str, call: Call) -> Reply:
    """Runs a verb that the gate understands; Waits if it has to look again later."""
    return VERBS[verb][0](call)


def cut_short(verb: str, call: Call) -> None:
    """Runs a verb halfway; one that has no halves does nothing."""
    if half := HALVES.get(verb):
        half(call)

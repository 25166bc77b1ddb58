"""Why a run may still be refused when all troubles have ceased: what must have happened for it.

A row is a code with the marks of a history of which one must be there. A mark is what was
counted as it was played (``deed``, ``fault``, ``rival``, ``change``, ``event``, ``site``), or its
beginning, or how the world stands then (``world``). A code without a row is one that nobody has
explained yet, and that is a broken law.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from reconciler.hosts.simulator.state.disk import Filesystem
from tests.simulation.laws import Lawful
from tests.simulation.wish import Wish

# A host that went down with the volume mounted, whoever did it to it.
WENT_DOWN = (
    "deed power",
    "deed reset",
    "deed stunned",
    "fault crash",
    "fault reboot",
    "event power-off",
)
# Somebody mounted beside the runs, or another file had the volume.
OTHERS = (
    "deed stranger",
    "deed foreign block",
    "deed mount by hand",
    "rival second file",
    "rival other hosts",
)
EDITED = ("deed edit", "deed node", "deed empty conf", "deed torn conf", "deed settings gone")
REASONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cloned-volume": ("deed clone", "deed swapped"),
        "cluster-conf-invalid": ("deed torn conf",),
        "cluster-not-well": (
            *WENT_DOWN,
            *OTHERS,
            "deed firewall",
            "deed all paths",
            "deed read-only",
            "deed swapped",
        ),
        "backup-missing": ("change growth",),
        "device-ambiguous": ("site paths",),
        "device-missing": ("deed all paths", "deed slow udev", "change access", "change state"),
        "device-not-blank": (
            "event format-cut-short",
            "deed swapped",
            "rival second file",
            "world another label",
            "deed clone",
        ),
        "device-size-differs": ("deed LUN grows", "change size", "event grown"),
        "device-too-small": ("deed LUN grows", "change size", "change backing", "change fill"),
        "device-unreadable": (
            "site stripped",
            "deed all paths",
            "deed path",
            "change access",
            "change state",
        ),
        "different-device": ("deed swapped", "deed clone", "deed all paths"),
        "feature-skew": ("site stripped",),
        "foreign-cluster": (
            "rival second file",
            "rival other hosts",
            "change name",
            "deed stranger",
        ),
        # A file of new hosts alone: none of them knows whose heartbeat there is. Whose own host
        # went down is known by what the members remember, unless that is gone.
        "foreign-heartbeat": (
            *OTHERS,
            "deed unread",
            "deed records gone",
            "change replace",
            "change drop",
            "change name",
            "change state",
        ),
        "foreign-stack": ("change name", "rival second file", "deed stranger"),
        "fstab-conflict": ("deed edit fstab", "change path"),
        "guests-unread": ("change guests",),
        "heartbeat-advances": ("change state",),
        "heartbeat-mode-differs": ("deed global heartbeat",),
        "heartbeat-unread": ("deed all paths", "change state"),
        "hostname-differs": ("deed renamed",),
        "module-missing": ("deed next kernel",),
        "host-unreachable": ("deed SAN off", "deed power", "deed stunned", "change state"),
        "label-differs": ("change label", "deed clone", "world another label"),
        "lease-garbled": ("deed lease garbled",),
        "lease-failed": ("deed full /var",),
        "lease-held": ("kill", "rival", "trick"),
        "lvm-not-shared": ("site lvm",),
        "member-offline": ("change state",),
        "mount-hidden": ("deed hidden mount",),
        "mount-path-busy": ("world another's path",),
        "no-space": ("deed full", "deed SAN full"),
        "no-stable-path": ("deed slow udev",),
        "not-formatted": ("change format",),
        "package-lock-busy": ("deed package lock",),
        "package-missing": ("site stripped",),
        "path-down": ("deed path", "deed all paths"),
        "paused": ("deed paused",),
        "port-blocked": ("deed firewall",),
        "program-unapproved": ("change guests",),
        "recovery-unfinished": WENT_DOWN,
        "repository-failed": ("deed repository",),
        "section-unread": ("deed unread",),
        "shrink-refused": ("change size", "change add-volume"),
        "stale-host-could-return": (
            *WENT_DOWN,
            "change drop",
            "change replace",
            "change state",
        ),
        "sudo-refused": ("deed sudo",),
        "thin-pool-full": ("change size",),
        "tools-missing": ("site stripped",),
        "unit-not-usable": ("change services",),
        "volume-busy": ("deed open file", "deed guest"),
        "volume-read-only": ("deed read-only", "change options", "change size"),
        "volume-unfamiliar": (
            "kill",
            "run interrupted",
            "run partial",
            "change drop-volume",
            "site lvm",
            "rival",
            "deed swapped",
            "change add-volume",
            "world mounted where no file says",
        ),
        "wrong-device": ("deed swapped",),
    }
)


def mark_world(world: Lawful, wish: Wish) -> Iterator[str]:
    """What can be seen of a world and its file that explains a refusal."""
    for one in wish.volumes:
        others = [paths for lun, paths in world.meant.items() if lun != one.lun]
        if any(one.path in paths for paths in others):
            yield "world another's path"
        lun = world.luns[one.lun]
        extents = [lun.whole, *(part.extent for part in lun.partitions.values())]
        systems = [e.content for e in extents if isinstance(e.content, Filesystem)]
        if any(found.label != one.label for found in systems):
            yield "world another label"
    meant = set[str]().union(*world.meant.values())
    for name in sorted(world.listed):
        if any(mount.path not in meant for mount in world.machines[name].running.mounts):
            yield "world mounted where no file says"


def find_unexplained(codes: Iterable[str], marks: Iterable[str]) -> list[str]:
    """The codes that nothing in a history accounts for."""
    seen = list(marks)
    return [
        code
        for code in sorted(codes)
        if not any(mark.startswith(why) for why in REASONS.get(code, ()) for mark in seen)
    ]

"""What each kind of action does to a volume's device: declared here, proven by ``safety``.

A kind that is not in the table breaks every plan that has it, so a new one cannot forget to say
which device it is for and which heartbeats may be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# "device": it names a device, and what is on it is neither mounted nor written by that.
Touch = Literal["", "device", "mounts", "writes"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind is; ``unmounted`` work needs a volume that nobody has mounted.

    A ``blank`` device is one on which nothing is yet. ``own``: what is expected afterwards names
    this run's own result, so that a command which was refused may have been done before.
    """

    touches: Touch = ""
    unmounted: bool = False
    blank: bool = False
    own: bool = False


UNMOUNTED = Kind("writes", unmounted=True)
KINDS: Mapping[str, Kind] = {
    "format": Kind("writes", blank=True, own=True),
    "mount": Kind("mounts"),
    "grow-file-system": Kind("writes"),
    **dict.fromkeys(
        ("check-file-system", "add-slots", "set-label", "grow-unmounted", "check-grown"),
        UNMOUNTED,
    ),
    **dict.fromkeys(
        ("remount", "rescan", "grow-partition", "reread-partition"), Kind("device")
    ),
    # Files, expected by their hash.
    **dict.fromkeys(
        (
            *("write-cluster-conf", "archive-cluster-conf", "write-o2cb-settings"),
            *("write-fstab", "clear-fstab", "write-order", "archive-order"),
            *("write-quarantine", "lift-quarantine", "note-stopped", "strike-stopped"),
            *("attest-heartbeat", "approve-programs"),
        ),
        Kind(own=True),
    ),
    **dict.fromkeys(
        (
            *("install-packages", "install-module", "load-module", "fetch-packages"),
            *("fetch-module", "upgrade-packages", "upgrade-module", "reload-module"),
            *("begin-backup", "back-up", "note-backup", "grow-backing", "revoke-access"),
            *("migrate-guest", "stop-guest", "start-guest", "disarm", "unmount"),
            *("stop-service", "start-service", "enable-service", "disable-service"),
            *("mask-service", "unmask-service", "reload-units", "set-reconnect-delay"),
            *("start-cluster", "stop-cluster", "enable-o2cb", "disable-o2cb", "register-nodes"),
            # Barriers, which do nothing.
            *("same-cluster-conf", "same-live-nodes", "same-timeouts", "peers-connect"),
            *("same-file-system", "same-size"),
        ),
        Kind(),
    ),
}
UNMOUNTED_WORK = tuple(name for name, kind in KINDS.items() if kind.unmounted)


def is_own(kind: str) -> bool:
    """Whether what was refused may still have been done by this run."""
    return kind in KINDS and KINDS[kind].own

"""What each kind of action is to healing: of a class that a policy names, or never healed.

A kind stands in one of three tables, and in one only (tested).
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.plan import ActionKind
from reconciler.model.policy import HealClass

CLASSES: Mapping[HealClass, tuple[ActionKind, ...]] = {
    "files": ("write-o2cb-settings", "write-cluster-conf"),
    "boot": ("enable-o2cb", "write-fstab", "write-order", "archive-order", "reload-units"),
    "services": ("load-module", "start-cluster"),
    "kernel": ("register-nodes", "set-reconnect-delay"),
    "mounts": ("mount", "remount"),
}

# What looks and changes nothing goes with what needs it.
LOOKS: frozenset[ActionKind] = frozenset(
    ("same-cluster-conf", "same-live-nodes", "same-timeouts", "peers-connect")
)

_PROGRAM = "a person approves what looking runs on a host"
_PACKAGES = "what a repository offers today is not what was last applied"
_BACKUP = "it is part of a growth"
_WORD = "it takes a person's word"
_MEMBERS = "people decide who is a member"
_GUEST = "people decide on what uses a volume"
_TAKEN = "it takes something away that somebody put there"
_DISK = "what is on a disk is never healed"
_SIZE = "people decide how large a volume is"

NEVER: Mapping[ActionKind, str] = {
    "approve-programs": _PROGRAM,
    "install-packages": _PACKAGES,
    "install-module": _PACKAGES,
    "fetch-packages": _PACKAGES,
    "fetch-module": _PACKAGES,
    "upgrade-packages": _PACKAGES,
    "upgrade-module": _PACKAGES,
    "reload-module": _PACKAGES,
    "begin-backup": _BACKUP,
    "back-up": _BACKUP,
    "note-backup": _BACKUP,
    "attest-heartbeat": _WORD,
    "write-quarantine": _MEMBERS,
    "lift-quarantine": _MEMBERS,
    "stop-cluster": _MEMBERS,
    "disable-o2cb": _MEMBERS,
    "archive-cluster-conf": _MEMBERS,
    "revoke-access": _MEMBERS,
    "note-stopped": _GUEST,
    "migrate-guest": _GUEST,
    "stop-guest": _GUEST,
    "start-guest": _GUEST,
    "stop-service": _GUEST,
    "disable-service": _GUEST,
    "mask-service": _GUEST,
    "unmask-service": _GUEST,
    "enable-service": _GUEST,
    "start-service": _GUEST,
    "strike-stopped": _GUEST,
    "clear-fstab": _TAKEN,
    "disarm": _TAKEN,
    "unmount": _TAKEN,
    "format": _DISK,
    "same-file-system": _DISK,
    "check-file-system": _DISK,
    "add-slots": _DISK,
    "set-label": _DISK,
    "grow-backing": _SIZE,
    "rescan": _SIZE,
    "grow-partition": _SIZE,
    "reread-partition": _SIZE,
    "same-size": _SIZE,
    "grow-unmounted": _SIZE,
    "check-grown": _SIZE,
    "grow-file-system": _SIZE,
}
CLASS_OF: Mapping[ActionKind, HealClass] = {
    kind: name for name, kinds in CLASSES.items() for kind in kinds
}

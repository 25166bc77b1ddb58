"""Mutants that no test kills, each with the reason: what else refuses the same, or cannot be."""

from __future__ import annotations

from collections.abc import Mapping

_NOT_PLANNED = "no plan has it: it is in actions that a test of the invariants makes up"
_PERMITTED = "lib/lease.sh::deciding looks at that before any verb begins"
_LAST_LOOK = "lib/heartbeats.sh::nobody_else looks at that last, before each tool"
# By group and name.
REASONS: Mapping[tuple[str, str], str] = {
    ("facts", "archive-cluster-conf asks ocfs2-mounts"): _NOT_PLANNED,
    ("facts", "archive-cluster-conf asks regions"): _NOT_PLANNED,
    ("facts", "archive-cluster-conf asks users"): _NOT_PLANNED,
    ("facts", "start-guest asks device-covers"): _NOT_PLANNED,
    ("facts", "start-guest asks live-nodes"): _NOT_PLANNED,
    ("facts", "stop-cluster asks users"): _NOT_PLANNED,
    ("facts", "unmount asks regions"): _NOT_PLANNED,
    ("facts", "write-fstab asks cluster-conf"): _NOT_PLANNED,
    ("gate", "backup.sh::verb_note_backup no_symlink"): _PERMITTED,
    ("gate", "check_fs.sh::verb_check_fs unmounted"): _LAST_LOOK,
    ("gate", "file_system.sh::verb_add_slots unmounted"): _LAST_LOOK,
    ("gate", "file_system.sh::verb_set_label unmounted"): _LAST_LOOK,
    ("gate", "format.sh::verb_format unheld"): "it looks again when all has been read",
    ("gate", "lib/heartbeats.sh::keep_first_seen no_symlink"): _PERMITTED,
}

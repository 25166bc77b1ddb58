"""Mutants that no test kills, each with the reason: what else refuses the same, or cannot be."""

from __future__ import annotations

from collections.abc import Mapping

_NOT_PLANNED = "no plan has it: it is in actions that a test of the invariants makes up"
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
}

"""All targets."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz import (
    answer_targets,
    document_targets,
    file_targets,
    planning_targets,
    probe_targets,
    record_targets,
    ssh_targets,
)
from tests.fuzz.target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target
    for part in (
        document_targets,
        probe_targets,
        file_targets,
        record_targets,
        answer_targets,
        ssh_targets,
        planning_targets,
    )
    for target in part.TARGETS
}

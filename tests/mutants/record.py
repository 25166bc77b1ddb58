"""What was killed and what was not, for the page of the manual."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.mutants.session import Session, Verdict
from tests.mutants.survivors import REASONS
from tests.proof.proof_page import load_record, save_record


def save(session: Session) -> None:
    """The groups of a session in the place of what was recorded of them before."""
    record = load_record("mutants") or {"groups": {}}
    for group in session.groups:
        verdicts = [v for v in session.verdicts if v.group == group.name]
        told = {"date": _today(), "commit": _commit(), "tests": session.count_tests(group)}
        record["groups"][group.name] = told | _told(verdicts)
    save_record("mutants", {**record, "date": _today(), "cores": os.cpu_count()})


def find_unexplained(verdicts: Iterable[Verdict]) -> list[str]:
    """The survivors that have no reason."""
    return [v.name for v in verdicts if not v.by and (v.group, v.name) not in REASONS]


def names(record: Mapping[str, Any], group: str) -> set[str]:
    """The mutants of a group that a record tells of."""
    told = record["groups"][group]
    return {*told["killed"], *told["alive"]}


def _told(verdicts: Iterable[Verdict]) -> dict[str, Any]:
    killed = {v.name: v.by for v in verdicts if v.by}
    alive = {v.name: REASONS.get((v.group, v.name), "") for v in verdicts if not v.by}
    seconds = sum(v.seconds for v in verdicts)
    return {"seconds": round(seconds), "killed": killed, "alive": alive}


def _today() -> str:
    return datetime.now(UTC).date().isoformat()  # noqa: TID251  # the day of the run


def _commit() -> str:
    words = ("git", "rev-parse", "--short", "HEAD")
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

"""What was measured: the latest result of each cell, and the latest soaks, as JSON files."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.faults.cells import MISSED, WRONG, CellResult
from tests.faults.stage import Stage, utc

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "tests/proof/records"
SOAKS = 5  # the latest that are kept


def load_record(path: Path) -> dict[str, Any]:
    """The record of a part; empty if there is none yet."""
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def save_cell(stage: Stage, result: CellResult, place: Path = RECORDS) -> None:
    """A cell's latest result, in the place of the one before; none of one that was not struck.

    What was wrong once is kept beside the later result.
    """
    if result.outcome == MISSED:
        return
    path = place / "faults.json"
    record = {"cells": {}, **load_record(path)}
    shown = {key: value for key, value in result.to_record().items() if key != "cell"}
    before = record["cells"].get(result.cell)
    if before and before["outcome"] == WRONG:
        once = [*record.get("once_wrong", ()), {**before, "cell": result.cell}]
        record["once_wrong"] = once
    record["cells"][result.cell] = {**shown, **_platform(stage), "commit": commit()}
    save(stage, record, path)


def save_soak(stage: Stage, soak: dict[str, Any], place: Path = RECORDS) -> None:
    """One more soak."""
    path = place / "soak.json"
    record = load_record(path)
    record["soaks"] = [*record.get("soaks", ()), {**soak, "commit": commit()}][-SOAKS:]
    save(stage, record, path)


def save(stage: Stage, record: dict[str, Any], path: Path) -> None:
    """Whole or not at all."""
    head = {
        "date": utc(),
        "commit": commit(),
        "cores": os.cpu_count(),
        **_platform(stage),
    }
    new = path.with_suffix(".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    new.write_text(json.dumps({**record, **head}, indent=1, sort_keys=True) + "\n")
    new.rename(path)


def _platform(stage: Stage) -> dict[str, str]:
    """The kernel and the tools of the hosts; the tools that an upgrade brought are the same but in name."""
    kernel, tools = stage.platform
    return {"kernel": kernel, "tools": tools.removesuffix("+newer1")}


def commit() -> str:
    """Of the tree that is measured."""
    asked = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()

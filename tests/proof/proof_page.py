"""The page of the manual that tells what was proven, made of the records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.pages import MANUAL

PAGE = MANUAL / "proven.md"
RECORDS = Path(__file__).with_name("records")
# In the order of the page, with what stands there while nothing is recorded.
PARTS = {
    "kernels": "kernels and tools",
    "faults": "faults in the midst of changes, on real kernels",
    "soak": "a random soak on real kernels",
    "simulation": "histories of whole clusters",
    "lock": "the lock",
    "mutants": "preconditions that were deleted",
    "coverage": "lines and branches that tests run",
    "fuzz": "fuzzing",
}
HEAD = """\
# What was proven, how often, and when

`python -m tests.proof` writes this page of what the proving runs recorded (`tests/proof/records` in
the repository). The figures are of the dates that stand with them, not of the machine where you read
this. `make test` runs a part of each, `make nightly` the whole.

Whether you may dare a change on your kernel and tools: `reconcile passport FILE`. "Real kernels" are
Debian's own sources and module, built to run as programs of one machine (User Mode Linux, the package
user-mode-linux), one processor each, with the distribution's tools. Nothing here was run on a physical
host, under a hypervisor, on RHEL or on Oracle Linux.
"""


def load_record(part: str) -> dict[str, Any] | None:
    """What the last run of a part recorded; None where none did."""
    path = RECORDS / f"{part}.json"
    found: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    return found


def save_record(part: str, record: dict[str, Any]) -> None:
    """The record of a run that has ended, in the place of the one before."""
    (RECORDS / f"{part}.json").write_text(json.dumps(record, indent=1) + "\n")


def make_page() -> str:
    """The whole page."""
    return "\n".join((HEAD, *_missing(), *_sections()))


def _missing() -> Iterator[str]:
    """What the page would tell if it had been recorded."""
    if names := [words for part, words in PARTS.items() if load_record(part) is None]:
        yield f"Not recorded yet, and therefore without a section here: {'; '.join(names)}.\n"


def _sections() -> Iterator[str]:
    number = 0
    for part in PARTS:
        if (record := load_record(part)) is None:
            continue
        number += 1
        title, _, body = import_module(f"tests.proof.{part}").section(record).partition("\n")
        yield f"## {number}. {title.removeprefix('## ')}\n\n{body.strip()}\n"

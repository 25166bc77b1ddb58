"""What was done on which kernels: rows for the page and for the passport, each as it passes."""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.passport.passport_rows import parse_rows
from tests.lab.locks import locked
from tests.lab.shell import run
from tests.lab.sightings import FILE as PASSPORT
from tests.lab.sightings import rows_text

ROOT = Path(__file__).parents[2]
RECORD = Path(__file__).with_name("records") / "kernels.json"
# Of the operations that are recorded, those which are no plan's: the passport has no row of them.
NO_PLAN = {"kernel-upgrade"}
WRITES = "RECONCILE_RECORD"  # its value 1 lets a run write the two files; else it tells only


@dataclass(frozen=True)
class Sighting:
    """An operation that was done on hosts of these suites.

    ``platforms`` are the pairs of kernel release and tools' version that took part, each once;
    ``pause`` is the longest of who wrote meanwhile, None where nobody did.
    """

    suites: tuple[str, ...]
    platforms: tuple[tuple[str, str], ...]
    operation: str
    seconds: int
    pause: float | None

    def as_row(self, date: str) -> dict[str, Any]:
        """As the page's record has it."""
        suites = dict.fromkeys(self.suites)
        return {
            "suites": "+".join(suites),
            **self.versions,
            "operation": self.operation,
            "date": date,
            "seconds": self.seconds,
            "longest_pause": self.pause,
        }

    @property
    def versions(self) -> dict[str, str]:
        """Kernels by their first two numbers, tools by their makers' version, pair by pair."""
        pairs = {
            (".".join(kernel.split(".")[:2]), tools.split("-")[0])
            for kernel, tools in self.platforms
        }
        order = sorted(pairs, key=lambda pair: [[*map(int, v.split("."))] for v in pair])
        return {
            "kernel": "+".join(kernel for kernel, _tools in order),
            "tools": "+".join(tools for _kernel, tools in order),
        }


def record(seen: Sighting) -> None:
    """Tell it, and keep it if this run is one that keeps what passes."""
    date = time.strftime("%Y-%m-%d", time.gmtime())
    row = seen.as_row(date)
    print(f"proven: {row}")
    if os.environ.get(WRITES) != "1":
        return
    with locked(Path("/run/lock/reconcile-kernel-rows")):
        before = json.loads(RECORD.read_text()) if RECORD.exists() else {"rows": []}
        rows = replace_row(before["rows"], row, ("suites", "operation"))
        commit = run("git", "rev-parse", "--short", "HEAD", cwd=ROOT).stdout.strip()
        found = {"date": date, "commit": commit, "cores": os.cpu_count(), "rows": rows}
        RECORD.write_text(json.dumps(found, indent=1) + "\n")
        if seen.operation not in NO_PLAN:
            write_passport({**seen.versions, "operation": seen.operation, "date": date})


def write_passport(row: dict[str, Any]) -> None:
    """The row, in the place of an older one of the same kernels, tools and operation."""
    rows = [*parse_rows(PASSPORT.read_text()), *parse_rows(json.dumps([row]))]
    PASSPORT.write_text(rows_text(rows))


def replace_row(
    rows: Iterable[dict[str, Any]], row: dict[str, Any], keys: tuple[str, ...]
) -> list[dict[str, Any]]:
    """The rows with this one last of its kind."""
    return [*(old for old in rows if any(old[key] != row[key] for key in keys)), row]

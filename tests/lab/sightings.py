"""The laboratory's rows of the passport, from the records of runs in labs: `python -m tests.lab.sightings DIR...`.

DIR is a place below which operators of labs have their records, as pytest's `--basetemp`. The cells
of the fault matrix that are on record and ended well are taken without being named. A row of the
file that is newer stays. `--reboot KERNEL/TOOLS` adds that a host of a lab came back from a
power cut with its volumes: no run does that, a scenario shows it.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reconciler.execution import author
from reconciler.execution.journal import read_record
from reconciler.passport import passport_rows
from reconciler.passport.field_rows import DAY, field_rows
from reconciler.passport.passport_rows import SIGHTINGS, Row, merge_rows, parse_rows
from reconciler.passport.platforms import KERNEL, VERSION, split_platforms

FILE = Path(passport_rows.__file__).with_name(SIGHTINGS)
CELLS = Path(__file__).parents[1] / "proof/records/faults.json"
# Operations of the matrix that have another name in the passport.
RENAMED = {"upgrade-tools": "upgrade"}
ENDED_WELL = "converged"


def recorded_rows(directories: Iterable[Path]) -> Iterator[Row]:
    """What is proven in each whole record below the directories."""
    for path in (path for place in directories for path in place.rglob("runs/*.jsonl")):
        record = read_record(path)
        if record.broken is None:
            yield from field_rows(record.lines)


def cell_rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """What is proven by each cell of the fault matrix that ended well.

    A cell that does not tell its kernel and tools was played on those that the record names.
    """
    for name, cell in record["cells"].items():
        if cell["outcome"] != ENDED_WELL:
            continue
        told = {**record, **cell}
        kernel, tools = KERNEL.match(told["kernel"]), VERSION.match(told["tools"])
        if kernel and tools:
            operation = name.partition("/")[0]
            platforms = split_platforms(kernel[0], tools[1])
            yield Row(platforms, RENAMED.get(operation, operation), cell["date"][:DAY])


def rows_text(rows: Iterable[Row]) -> str:
    """The file with these rows, one a line."""
    lines = ",\n".join(json.dumps(row.as_plain()) for row in merge_rows(rows))
    return f"[\n{lines}\n]\n"


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.sightings")
    parser.add_argument("directories", nargs="*", type=Path)
    parser.add_argument("--reboot", action="append", default=[], metavar="KERNEL/TOOLS")
    given = parser.parse_args(words)
    today = author.now().date().isoformat()
    seen = [split_platforms(*pair.split("/")) for pair in given.reboot]
    rows = [
        *parse_rows(FILE.read_text()),
        *recorded_rows(given.directories),
        *cell_rows(json.loads(CELLS.read_text())),
        *(Row(platforms, "reboot", today) for platforms in seen),
    ]
    FILE.write_text(rows_text(rows))


if __name__ == "__main__":
    main(sys.argv[1:])

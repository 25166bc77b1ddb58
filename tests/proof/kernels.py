"""The section of the page that tells on which kernels the core of a cluster's life was done."""

from collections.abc import Iterator, Mapping
from typing import Any

# In the order in which they are done.
ORDER = (
    "create",
    "join",
    "grow-online",
    "grow-offline",
    "kernel-upgrade",
    "reboot",
    "leave",
    "dead",
)
# What only hosts of two suites can do.
OF_TWO = {"kernel-upgrade"}
# Every suite of the laboratory, with its kernel.
KERNELS = {"bullseye": "5.10", "bookworm": "6.1", "trixie": "6.12", "sid": "7.2"}
INTRODUCTION = """\
## Kernels and tools

Three lab hosts on a SAN, of one suite of the distribution or of two (the second host is of the
newer). A cell has the seconds that the operation took and, behind the stroke, the longest pause in
seconds between two writes of the hosts that kept writing. In an outage all of them wait. Other labs
ran on the same cores: these are upper bounds. `-`: not measured yet. What else was done on a kernel,
without a clock, `reconcile passport` tells. The laboratory's 5.10 and 7.2 have one jump mended, without
which that build of them may kill a member (`reconcile manual kernels`, 1). Where there is 5.10 nobody is
node 0 (2).
"""


def section(record: dict[str, Any]) -> str:
    """Markdown of the section."""
    rows = record["rows"]
    one = [row for row in rows if "+" not in row["suites"]]
    two = [row for row in rows if "+" in row["suites"]]
    dates = sorted({row["date"] for row in rows})
    when = f"From {dates[0]} to {dates[-1]}" if dates[1:] else f"On {dates[0]}"
    end = f"{when}, on {record['cores']} cores, at commit {record['commit']} the last.\n"
    tables = [line for group in (one, two) if group for line in (*table(group), "")]
    return "\n".join([INTRODUCTION, *tables, *_without(rows), end])


def _without(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """The kernels of the laboratory of which nothing is known here."""
    done = {suite for row in rows for suite in row["suites"].split("+")}
    if missing := [kernel for suite, kernel in KERNELS.items() if suite not in done]:
        yield f"Of the laboratory's kernels nothing was measured on {' and '.join(missing)}.\n"


def table(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """A row an operation, a column a cluster; the platforms of each stand below."""
    clusters = sorted({row["suites"] for row in rows}, key=lambda name: version(rows, name))
    cells = {(row["operation"], row["suites"]): cell(row) for row in rows}
    heads = [first(rows, name)["kernel"] for name in clusters]
    yield f"|Kernel|{'|'.join(heads)}|"
    yield "|---" * (len(heads) + 1) + "|"
    tools = [first(rows, name)["tools"] for name in clusters]
    yield f"|tools|{'|'.join(tools)}|"
    for operation in ORDER:
        found = [cells.get((operation, name), "-") for name in clusters]
        if operation not in OF_TWO or {*found} != {"-"}:
            yield f"|{operation}|{'|'.join(found)}|"


def cell(row: Mapping[str, Any]) -> str:
    """Seconds, and the longest pause where somebody wrote."""
    pause = row["longest_pause"]
    return str(row["seconds"]) if pause is None else f"{row['seconds']} / {pause:.1f}"


def first(rows: list[Mapping[str, Any]], suites: str) -> Mapping[str, Any]:
    """The cluster as it was created."""
    return next(row for row in rows if row["suites"] == suites)


def version(rows: list[Mapping[str, Any]], suites: str) -> list[list[int]]:
    """What sorts clusters: the kernels' numbers."""
    kernels = first(rows, suites)["kernel"].split("+")
    return [[*map(int, kernel.split("."))] for kernel in kernels]

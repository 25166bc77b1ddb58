"""The section of the proof page on lines and branches that tests run."""

from __future__ import annotations

from typing import Any


def section(record: dict[str, Any]) -> str:
    """What is run of each package, and each line that is excused."""
    rows = [
        f"| {name} | {one['lines']} | {one['branches']} | {_share(one)} |"
        for name, one in record["packages"].items()
    ]
    excused = [f"- `{item['where']}`: {item['reason']}" for item in record["excused"]]
    return "\n".join(
        [
            "## Lines and branches that tests run",
            "",
            "Planning, execution and the decision of the gate are measured with their",
            f"branches (`make coverage`, {record['date']}, {record['commit']}).",
            "",
            "| Package | Lines | Branches | Run |",
            "|-|-|-|-|",
            *rows,
            "",
            *(["Not run, each with its reason:", "", *excused, ""] if excused else []),
        ]
    )


def _share(one: dict[str, int]) -> str:
    if one["run"] == one["all"]:
        return "all"
    missing = one["all"] - one["run"]
    return f"{100 * one['run'] / one['all']:.1f} %, not {missing}"

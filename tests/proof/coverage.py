"""The section of the proof page on lines and branches that tests run."""

from __future__ import annotations

from typing import Any

INTRO = """\
`make coverage` measures what plans, what executes, and the decision of the gate, each night: lines
that no test runs, and branches that none takes, if no comment beside them says why. It fails when
they become more."""


def section(record: dict[str, Any]) -> str:
    """A row a package, and each line that is excused."""
    lines = ["|Package|Lines|Branches|Run|", "|-|-|-|-|"]
    for name, one in record["packages"].items():
        lines.append(f"|{name}|{one['lines']}|{one['branches']}|{_share(one)}|")
    lines.append(f"\nMeasured on {record['date']} at {record['commit']}.")
    parts = ["## Lines and branches that tests run", INTRO, "\n".join(lines)]
    excused = [f"* `{item['where']}`: {item['reason']}" for item in record["excused"]]
    if excused:
        parts.append("Excused, each with its reason:\n\n" + "\n".join(excused))
    return "\n\n".join(parts) + "\n"


def _share(one: dict[str, int]) -> str:
    if one["run"] == one["all"]:
        return "all"
    return f"{100 * one['run'] / one['all']:.1f} %, not {one['all'] - one['run']}"

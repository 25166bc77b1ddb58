"""The section of the proof page on preconditions that were deleted."""

from __future__ import annotations

from typing import Any

WHAT = {
    "invariants": "rows of the plan's invariants",
    "refusals": "statements that refuse a plan",
    "facts": "facts that kinds of actions require",
    "edges": "edges of the order",
    "flags": "flags of kinds of actions",
    "simulated-gate": "refusals of the simulated gate",
    "gate": "refusals of the gate, and looks that refuse",
}
INTRO = """\
Each precondition is deleted once, and the tests that meet it run until one fails: then it is killed.
What survives has its reason below, or is a gap. `python -m tests.mutants` does it, each night all;
which test killed which is in `tests/proof/records/mutants.json`."""


def section(record: dict[str, Any]) -> str:
    """A row a group, and every survivor by name."""
    lines = ["|Deleted|Mutants|Killed|Date|", "|-|-|-|-|"]
    alive = []
    for name, words in WHAT.items():
        if (one := record["groups"].get(name)) is None:
            lines.append(f"|{words}|-|-|not recorded yet|")
            continue
        killed, rest = len(one["killed"]), one["alive"]
        lines.append(f"|{words}|{killed + len(rest)}|{killed}|{one['date']}|")
        alive += [f"* {name}: {mutant}: {why or 'a gap'}" for mutant, why in rest.items()]
    parts = ["## Preconditions that were deleted", INTRO, "\n".join(lines)]
    return (
        "\n\n".join([*parts, *(["Survivors:\n\n" + "\n".join(alive)] if alive else [])]) + "\n"
    )

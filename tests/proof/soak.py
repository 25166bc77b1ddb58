"""The soaks as a section of the manual."""

from typing import Any

INTRO = """\
A soak is a seeded history on one cluster of real hosts: it is created, then one random change follows
the other, each with a random fault in its midst. After each of them all that is asked of a cell of
the fault matrix is asked. It ends with the first violation. `make nightly` keeps its log in
`build/soak`, with what the hosts said where a cell went wrong."""


def section(record: dict[str, Any]) -> str:
    """The latest soaks, a line each; their violations in words."""
    lines = ["|Date|Seed|Changes|Minutes|Pause|Violations|", "|-|-|-|-|-|-|"]
    for one in record["soaks"]:
        pause = "-" if one["pause"] is None else f"{one['pause']:.0f} s"
        lines.append(
            f"|{one['date'][:10]}|{one['seed']}|{len(one['cells'])} of {one['wanted']}"
            f"|{one['seconds'] / 60:.0f}|{pause}|{len(one['violations'])}|"
        )
    found = [f"* {text}" for one in record["soaks"] for text in one["violations"]]
    parts = ["## A random soak on real kernels", INTRO, "\n".join(lines)]
    note = "Pause: the longest between two writes of a host that neither the change nor the fault concerned."
    return "\n\n".join([*parts, note, *(["\n".join(found)] if found else [])]) + "\n"

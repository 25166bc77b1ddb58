"""Fuzzing as a section of the manual."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

INTRO = """\
libFuzzer changes inputs of each parser of what others wrote, and keeps those that lead somewhere new.
Each answer has to be a value that can be written and read again, or a refusal that has an end and can
be shown, within a second of CPU for 64 KiB, in no more than 256 MiB beside what is loaded.
`make fuzz` gives each parser 1,000,000 inputs."""
WHOLE = 1_000_000


def section(record: dict[str, Any]) -> str:
    """The inputs of each target, how fast they went, the memory, what is open."""
    targets = record["targets"]
    inputs = sum(one["inputs"] for one in targets.values())
    open_ones = sum(one["findings"] for one in targets.values())
    less = [name for name, one in targets.items() if one["inputs"] < WHOLE]
    told = (
        f"{record['date']}, commit {record['commit']}: {inputs:,} inputs of {len(targets)} parsers; "
        f"inputs that no parser may answer so: {open_ones}."
    )
    short = f" {len(less)} of them have not had 1,000,000 inputs yet." if less else ""
    return "\n\n".join(("## Fuzzing", INTRO, told + short, "\n".join(_rows(targets)))) + "\n"


def _rows(targets: dict[str, Any]) -> Iterator[str]:
    yield "|Parser|Inputs|Per CPU s|MiB|Corpus|"
    yield "|-|-:|-:|-:|-:|"
    for name, one in targets.items():
        speed = one["inputs"] / max(one["seconds"], 0.1)
        more = max(0, one["peak"] - one["loaded"])
        yield f"|{name}|{one['inputs']:,}|{speed:,.0f}|{more}|{one['corpus']}|"

"""The lock as a section of the manual: its model, and its histories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

INTRO = """\
Each host decides by one table (`reconcile manual lock`, 2). Two programs run that table: one looks at
every state of a few hosts and runs, the other plays long histories of many by chance."""
MODEL = """\
### All states of the model

`python -m tests.model record` looked at every state that can be reached; none is wrong. A list
has a letter for each host of a run: `ab, bc` are two runs with the host b in common. States that
differ only in names count once. Seconds are of one processor, MiB are its most memory."""
HISTORIES = """\
### Histories by chance

`python -m tests.simulation.leases --prove N` played histories from seeds: two or three controllers
follow plans of the planner, while messages are late, lost and doubled, hosts freeze and boot,
controllers stop and die, operators unlock, pause and type. After each event every law was asked."""
WEAKER = """\
The table and the runs were weakened, one thing at a time, and the same histories played until one
was wrong. Seed: the first history that is. I5 and I16 are rows of `reconcile manual invariants`; S4: a
host begins a command only of the run that has its lease, unsealed. Each law was asked alone, too, to
see that it finds something."""


def section(record: Mapping[str, Any]) -> str:
    """The Markdown of what was recorded; a part that was not is left out."""
    parts = ["## The lock, whole and at scale", INTRO]
    if model := record.get("model"):
        parts += [MODEL, "\n".join(_states(model)), _where(model)]
    if histories := record.get("histories"):
        parts += [HISTORIES, "\n".join(_figures(histories)), _where(histories)]
        parts += [WEAKER, "\n".join(_weakenings(histories)), _dead(histories)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _where(part: Mapping[str, Any]) -> str:
    day = part["date"][:10]
    return f"Measured on {day} at {part['commit']}, {part['cores']} processors."


def _states(model: Mapping[str, Any]) -> Iterator[str]:
    yield "|Hosts|Lists of the runs|States|Seconds|MiB|"
    yield "|-|-|-|-|-|"
    for row in model["rows"]:
        assert not row["wrong"], row
        lists = ", ".join(row["lists"])
        seconds = f"{row['seconds']:.0f}" if row["seconds"] >= 10 else f"{row['seconds']:.1f}"
        yield f"|{len(row['hosts'])}|{lists}|{row['states']:,}|{seconds}|{row['mebibytes']:,}|"


def _figures(histories: Mapping[str, Any]) -> Iterator[str]:
    count, wall = histories["histories"], histories["wall_seconds"]
    rate = count / histories["processor_seconds"] * 60
    seen = histories["seen"]
    refusals = sum(
        n for what, n in seen.items() if what[0].isupper() and not what.endswith(" yes")
    )
    troubles = sum(n for what, n in seen.items() if what[0].islower())
    yield "|What|Figure|"
    yield "|-|-|"
    yield f"|Histories|{count:,}|"
    yield f"|Events|{histories['events']:,}|"
    yield f"|Wrong|{len(histories['wrong'])}|"
    yield f"|A minute of one processor|{rate:,.0f}|"
    yield f"|A minute as it ran, beside other work|{count / wall * 60:,.0f}|"
    yield f"|Commands begun|{seen['Act yes']:,}|"
    yield f"|Leases granted|{seen['Acquire yes']:,}|"
    yield f"|Refusals|{refusals:,}|"
    yield f"|Troubles|{troubles:,}|"
    seldom = min((n, what) for what, n in seen.items())
    yield f"|The rarest of all that was counted: {seldom[1]}|{seldom[0]:,}|"


def _weakenings(histories: Mapping[str, Any]) -> Iterator[str]:
    yield "|Weaker|Seed|Law that it breaks first|"
    yield "|-|-|-|"
    for name, found in histories["weakenings"].items():
        seed, law = found or ("none", "**not found**")
        yield f"|{name}|{seed}|{law}|"


def _dead(histories: Mapping[str, Any]) -> str:
    laws = histories["laws"]
    dead = [law for law, found in laws.items() if not found]
    if dead:
        return f"Of {len(laws)} laws these found nothing alone: {'; '.join(dead)}."
    return f"Each of the {len(laws)} laws, asked alone, finds a weakening."

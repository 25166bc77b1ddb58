"""The histories of whole clusters as a section of the manual."""

from collections.abc import Iterable, Iterator
from typing import Any

from tests.simulation.found import SEEDS
from tests.simulation.judged import ELSEWHERE, INVARIANTS, JUDGED, WHEN
from tests.simulation.stories import STORIES

INTRO = """\
A history is made from a seed: desired states, each made from the last by random changes, with runs in
troubles between them, and peace after some. The whole product plays it in virtual time on simulated
hosts. Laws of the invariants are asked after every event; once all troubles cease three runs must
converge, with nothing left to do, or refuse by a name that the history explains."""
KINDS = {
    "change": "changes of the file",
    "deed": "what befell hosts, and what people typed",
    "fault": "faults at a command of a host",
    "kill": "kills of the controller",
    "trick": "tricks of the network",
    "rival": "other controllers, other files",
    "code": "refusals, by code",
}
ENOUGH = 100
FOUND = """\
Histories that broke a law, each cut down to a story that is played whenever `make test` runs. Its
defect is mended. Seeds are of the generator of their day; of the first ones none was kept."""
LATER = (
    "histories judge it by now, yet none of those on record: `tests/simulation/test_mutants.py`"
)


def section(record: dict[str, Any]) -> str:
    """The latest campaign: how much was played, what was seen of each kind, which laws are alive."""
    parts = [
        "## Histories of whole clusters",
        INTRO,
        f"{record['date']}, commit {record['commit']}: {record['histories']} histories, seeds "
        f"{record['seeds'][0]} to {record['seeds'][1] - 1}, {record['a_minute_and_core']:.0f} a minute "
        f"of one core; histories that broke a law: {len(record['failing_seeds'])}.",
        *_broken(record),
        "\n".join(_rows(record["seen"])),
    ]
    if mutants := record.get("mutants"):
        killed = sum(bool(laws) for laws in mutants.values())
        parts += [
            f"Precautions taken away on purpose: {len(mutants)}, of which {killed} were seen by a law. "
            "I1 and so on are rows of `reconcile manual invariants`.",
            "\n".join(_mutant_rows(mutants)),
            *_coverage({int(law) for laws in mutants.values() for law in laws}),
        ]
    parts += [FOUND, "\n".join(_story_rows())]
    return "\n\n".join(parts) + "\n"


def _story_rows() -> list[str]:
    rows = [f"|{name}|{SEEDS.get(name, '')}|" for name in STORIES]
    return ["|What happens in it|Seed|", "|-|-|", *rows]


def _broken(record: dict[str, Any]) -> list[str]:
    """What was broken, and by which seeds; none where nothing was."""
    if not record["failing_seeds"]:
        return []
    seeds = ", ".join(map(str, record["failing_seeds"]))
    laws = ", ".join(
        f"I{law} (in {count})" for law, count in sorted(record["violations"].items())
    )
    return [
        f"Broken, by the code of that commit: {laws}, of `reconcile manual invariants`; seeds {seeds}. "
        "`python -m tests.simulation --seed N` plays one with the code of today."
    ]


def _rows(seen: dict[str, dict[str, int]]) -> list[str]:
    lines = ["|What|Kinds|Times|Seldom|", "|-|-|-|-|"]
    for kind, words in KINDS.items():
        counts = seen.get(kind, {})
        seldom = sum(count < ENOUGH for count in counts.values())
        lines.append(f"|{words}|{len(counts)}|{sum(counts.values())}|{seldom}|")
    runs = sorted(seen.get("run", {}).items(), key=lambda one: (-one[1], one[0]))
    ended = ", ".join(f"{word} {count}" for word, count in runs)
    return [
        *lines,
        "",
        f"Seldom: kinds that were seen less than {ENOUGH} times."
        + (f" How the runs ended: {ended}." if ended else ""),
    ]


def _coverage(seen: set[int]) -> Iterator[str]:
    """When each law was asked that was seen to break, and where every other invariant is proven."""
    yield (
        "\n".join(
            ["So each of these laws was asked, and breaks when it should:\n"]
            + [f"* {when}: {_told(laws & seen)};" for when, laws in WHEN.items() if laws & seen]
        ).removesuffix(";")
        + "."
    )
    later = (INVARIANTS & JUDGED) - seen
    lines = [f"* {_told(later)}: {LATER}."] if later else []
    for number in sorted(INVARIANTS - JUDGED - seen):
        tests = ", ".join(f"`{test}`" for test in ELSEWHERE[number])
        lines.append(f"* I{number}: {tests}.")
    yield "\n".join(["Every other invariant has its proof elsewhere:\n", *lines])


def _told(laws: Iterable[int]) -> str:
    return ", ".join(f"I{law}" for law in sorted(laws))


def _mutant_rows(mutants: dict[str, list[str]]) -> list[str]:
    lines = ["|Taken away|Seen by invariant|", "|-|-|"]
    return lines + [
        f"|{name}|{', '.join(f'I{law}' for law in laws) or 'none'}|"
        for name, laws in mutants.items()
    ]

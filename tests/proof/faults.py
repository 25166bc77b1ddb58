"""The fault matrix as a section of the manual."""

from typing import Any

# Columns of the matrix: the fault of each, and what its letter stands for.
COLUMNS = {
    "killed": ("K", "controller killed"),
    "stopped": ("S", "controller stopped until another one has its lease and has finished"),
    "power": ("P", "power cut of a host"),
    "management": ("M", "management network of a host cut for up to 75 s"),
    "interconnect": ("I", "interconnect of a host cut for up to 75 s"),
    "one-path": ("1", "one SAN path of a host cut"),
    "all-paths": ("A", "all SAN paths of a host cut for 20 s"),
    "full-disk": ("F", "/etc and /var of a host full to the last block"),
    "slow-disk": ("D", "200 ms more for each read and write of the LUN (dm-delay)"),
}
ROWS = (
    "create",
    "join",
    "leave",
    "dead",
    "renumber",
    "grow-online",
    "grow-offline",
    "slots",
    "move-path",
    "upgrade-tools",
)
INTRO = """\
Each cell is a real run on four hosts with a SAN, struck at a step that the seed chose. Afterwards
further runs had to meet the wish or refuse by name; sentinel data had to have their checksums, the
volume had to be clean for `fsck.ocfs2` (on a snapshot, after the replay of its journals), the kernels
had to agree, and services had to be at work again."""
# Characters of what was wrong, in which the first thing is whole.
LONGEST = 150
LEGEND = """\
A number is the longest pause in seconds between two synchronous writes of a host that was not struck.
`o` before it: the operation itself takes the volume from everybody. `ok`: nobody wrote before.
`r`: an operator had to say that a half-formatted disk is blank. `!`: something was wrong.
`-`: not yet run."""


def section(record: dict[str, Any]) -> str:
    """The section: the matrix, what the letters mean, refusals on the way."""
    cells = record["cells"]
    good = sum(cell["outcome"] != "wrong" for cell in cells.values())
    total = len(ROWS) * len(COLUMNS)
    days = sorted({cell["date"][:10] for cell in cells.values()})
    letters = "; ".join(f"{letter} {what}" for letter, what in COLUMNS.values())
    parts = [
        "## Faults in the midst of changes, on real kernels",
        INTRO,
        f"Of {total} cells {len(cells)} have been run, {good} of them ended well{_again(record)}. "
        f"{_span(days)}, {_platforms(record)}, {record['cores']} cores; at {_commits(cells)}.",
        f"Columns: {letters}.",
        LEGEND,
        "\n".join(_matrix(cells)),
        *_codes(cells),
        *_failures(cells),
        *_once_wrong(record.get("once_wrong", [])),
    ]
    return "\n\n".join(parts) + "\n"


def _again(record: dict[str, Any]) -> str:
    """Which of them only when they were played again."""
    names = ", ".join(f"`{cell['cell']}`" for cell in record.get("once_wrong", []))
    return f", of these {names} only when played again (below)" if names else ""


def _platforms(record: dict[str, Any]) -> str:
    """What the cells were played on; one that does not tell, on what the record names."""
    told = [{**record, **cell} for cell in record["cells"].values()]
    pairs = sorted({(one["kernel"], one["tools"]) for one in told})
    return " and ".join(f"kernel {kernel}, ocfs2-tools {tools}" for kernel, tools in pairs)


def _commits(cells: dict[str, Any]) -> str:
    found = sorted({cell["commit"][:8] for cell in cells.values()})
    return f"commit{'s' * (len(found) != 1)} {', '.join(found)}"


def _matrix(cells: dict[str, Any]) -> list[str]:
    heads = [letter for letter, _what in COLUMNS.values()]
    lines = [f"|Operation|{'|'.join(heads)}|", "|-" * (len(heads) + 1) + "|"]
    for row in ROWS:
        of_row = {fault: cells.get(f"{row}/{fault}") for fault in COLUMNS}
        shown = [show(cell) for cell in of_row.values()]
        lines.append(f"|{row}|{'|'.join(shown)}|")
    return lines


def _span(days: list[str]) -> str:
    if not days:
        return "-"
    return days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"


def show(cell: dict[str, Any] | None) -> str:
    """A cell in a few characters."""
    if cell is None:
        return "-"
    if cell["outcome"] == "wrong":
        return "!"
    pause = "ok" if cell["pause"] is None else f"{cell['pause']:.0f}"
    mark = "r" if cell["outcome"] == "refused" else ""
    return f"{mark}{'o' if cell['is_outage'] else ''}{pause}"


def _codes(cells: dict[str, Any]) -> list[str]:
    found = sorted({code for cell in cells.values() for code in cell["codes"]})
    if not found:
        return []
    words = ", ".join(f"`{code}`" for code in found)
    return [
        f"On the way plans were refused by these names, until there was no reason any more: {words}."
    ]


def _failures(cells: dict[str, Any]) -> list[str]:
    wrong = [(name, cell) for name, cell in sorted(cells.items()) if cell["outcome"] == "wrong"]
    if not wrong:
        return []
    lines = [f"* `{name}`, seed {cell['seed']}: {_first(cell['why'])}" for name, cell in wrong]
    return ["What was wrong, as it was last seen:", "\n".join(lines)]


def _once_wrong(cells: list[dict[str, Any]]) -> list[str]:
    if not cells:
        return []
    lines = [
        f"* `{cell['cell']}`, seed {cell['seed']}, {cell['date'][:10]}: {_first(cell['why'])}. "
        f"{cell.get('mended') or 'Why is not known'}."
        for cell in cells
    ]
    words = "Wrong once, and not when the same cell was played again:"
    return [words, "\n".join(lines)]


def _first(text: str) -> str:
    line = text.splitlines()[0] if text else "no reason on record"
    shown = line if len(line) <= LONGEST else f"{line[: LONGEST - 2]} …"
    return shown.replace("|", " ")

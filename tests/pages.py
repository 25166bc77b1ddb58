"""The pages of the manual as tests read them: headings and the rows of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

MANUAL = Path(__file__).parents[1] / "reconciler/manual"
BAR = re.compile(r"(?<!\\)\|")
QUOTED = re.compile(r"`([^`]+)`")


def page(topic: str) -> str:
    return (MANUAL / f"{topic}.md").read_text()


def tables(text: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Each table's heads and rows; a cell's `\\|` is a bar."""
    for block in re.findall(r"^\|.*\n\|-.*\n(?:\|.*\n?)*", text, re.MULTILINE):
        heads, _line, *rows = (cells(line) for line in block.splitlines())
        assert all(len(row) == len(heads) for row in rows), [
            row for row in rows if len(row) != len(heads)
        ]
        yield heads, rows


def rows(text: str, first: str) -> list[list[str]]:
    """The rows of all tables whose first column has that head."""
    return [row for heads, found in tables(text) if heads[0] == first for row in found]


def cells(line: str) -> list[str]:
    parts = BAR.split(line.strip())[1:-1]
    return [part.strip().replace("\\|", "|") for part in parts]


def quoted(cell: str) -> list[str]:
    """The words of a cell that are code."""
    return QUOTED.findall(cell)


def sections(text: str, mark: str) -> dict[str, str]:
    """What stands under each heading, by its words."""
    parts = re.split(rf"^{mark} (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))

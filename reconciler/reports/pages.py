"""Pages of Markdown in a terminal: wrapped at its width, tables as columns or as rows of words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.reports.wrapping import display_width

GAP = "  "
# A last column may become so narrow; below that each row is told as words, one below the other.
LAST = 24
_ITEM = re.compile(r"\s*(?:[-*]|[0-9]+\.) ")
_CELLS = re.compile(r"(?<!\\)\|")


def page_lines(text: str, width: int) -> Iterator[str]:
    """A page's lines, each at most ``width`` columns; text in fences is left as it is."""
    is_code = False
    lines = []
    for line in text.splitlines():
        fence = line.lstrip().startswith("```")
        lines.append((is_code or fence, line))
        is_code = is_code != fence
    for (code, table), group in groupby(
        lines, key=lambda item: (item[0], item[1].startswith("|"))
    ):
        found = [line for _code, line in group]
        if code:
            yield from found
        elif table:
            yield from _table(found, width)
        else:
            for line in _joined(found):
                yield from _wrapped(line, width)


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Lines of prose that Markdown takes for one, as one."""
    whole = ""
    for line in lines:
        begins = not line.strip() or line.startswith("#") or _ITEM.match(line)
        if whole and not begins and not whole.startswith("#"):
            whole = f"{whole} {line.strip()}"
            continue
        if whole:
            yield whole
        whole = line
        if not line.strip():
            yield ""
            whole = ""
    if whole:
        yield whole


def _wrapped(line: str, width: int) -> Iterator[str]:
    found = _ITEM.match(line)
    left = len(found[0]) if found else len(line) - len(line.lstrip())
    yield from _column(line[left:], line[:left], left, width)


def _column(text: str, head: str, left: int, width: int) -> Iterator[str]:
    """``text`` behind ``head``, what follows indented by ``left``; columns are not looked for."""
    here = ""
    for word in text.split(" "):
        if here and display_width(head + here) + 1 + display_width(word) > width:
            yield head + here
            head, here = " " * left, word
        else:
            here = f"{here} {word}" if here else word
    yield (head + here).rstrip()


def _table(lines: Sequence[str], width: int) -> Iterator[str]:
    """Columns below each other; where the last has no room, each row as words."""
    rows = [[c.strip().replace("\\|", "|") for c in _CELLS.split(line)[1:-1]] for line in lines]
    rows = [row for row in rows if any(set(cell) - set("-: ") for cell in row)]
    columns = max(map(len, rows))
    rows = [row + [""] * (columns - len(row)) for row in rows]
    wide = [max(display_width(row[n]) for row in rows) for n in range(columns)]
    left = sum(wide[:-1]) + len(GAP) * (columns - 1)
    if left + min(LAST, wide[-1]) > width:
        yield from _told_rows(rows, width)
        return
    rule = ["-" * n for n in (*wide[:-1], min(wide[-1], width - left))]
    for row in (rows[0], rule, *rows[1:]):
        padded = [
            cell + " " * (n - display_width(cell)) + GAP
            for cell, n in zip(row[:-1], wide[:-1], strict=True)
        ]
        yield from _column(row[-1], "".join(padded), left, width)


def _told_rows(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Each row below its first cell, every other cell behind the name of its column."""
    title, *names = rows[0]
    for first, *others in rows[1:]:
        yield from _column(first, f"{title}: " if title else "", 4, width)
        for name, cell in zip(names, others, strict=True):
            if cell:
                yield from _column(cell, f"    {name}: " if name else "    ", 8, width)

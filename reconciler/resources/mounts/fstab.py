"""fstab as fstab(5) has it: one line read, one line replaced, all else kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; ``line`` is its text with single spaces."""

    line: str
    source: str
    path: str


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file, comments and blank lines left out."""
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 2 and not fields[0].startswith("#"):
            yield Entry(" ".join(fields), _decoded(fields[0]), _decoded(fields[1]))


def _decoded(field: str) -> str:
    """Spaces and the like are octal escapes (getmntent(3))."""
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, char)
    return field


def with_entry(text: str, line: str) -> str:
    """``text`` with ``line`` in place of the entry of the same path, else at its end."""
    path = line.split()[1]
    lines = text.splitlines()
    places = [
        number
        for number, old in enumerate(lines)
        if any(entry.path == path for entry in entries(old))
    ]
    kept = [old for number, old in enumerate(lines) if number not in places]
    place = places[0] if places else len(kept)
    kept.insert(place, line)
    return "\n".join(kept) + "\n"

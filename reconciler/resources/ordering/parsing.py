"""What systemd says of the order of units, and our drop-ins."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.model.observed import Ordering
from reconciler.probe.sections import Section, group_rows, text_files


def parse_ordering(section: Section) -> Ordering:
    """The words sorted: systemd's own order of them is that of a hash table."""
    words = tuple(row for row in section if row[0] == "order")
    files = tuple(row for row in section if row[0] != "order")
    pairs = {(unit, word) for unit, word in group_rows(words, {"order": 2})["order"]}
    return Ordering(tuple(sorted(pairs)), text_files(files))


SECTIONS: dict[str, Callable[[Section], object]] = {"ordering": parse_ordering}

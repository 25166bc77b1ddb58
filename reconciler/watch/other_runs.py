"""Runs of people on this machine, by their records: what stops healing, and what lets it go on.

A run that began something and has no end left a cluster half way: whoever began it decides. One
that brought a cluster where its file wants it is the word of somebody who has looked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.execution.journal import file_stamp, read_record

# Of the last ones, in which a cluster is looked for.
MOST_RUNS = 50
GOOD = frozenset({"converged", "no-change"})


@dataclass(frozen=True, slots=True)
class Glance:
    """What matters of a record: results by cluster, empty without one; what was begun of which."""

    run: str
    results: Mapping[str, str]
    begun: frozenset[str]
    ended: datetime | None
    heals: bool
    at_work: bool


@dataclass(slots=True)
class OtherRuns:
    """The records of a directory; each is read again only when it has changed."""

    directory: Path
    _known: dict[str, tuple[str, Glance]] = field(default_factory=dict)

    def look(self, cluster: str) -> tuple[tuple[str, ...], datetime | None]:
        """Of the last run that settles it: why nothing is healed, in words, and when it was good.

        A record that cannot be read tells nothing.
        """
        for one in self._glances():
            if one.heals or one.at_work:
                continue
            if one.results.get(cluster) in GOOD:
                return (), one.ended
            if one.ended is None and cluster in one.begun:
                return (f"run {one.run} was cut off: apply, so that it comes to its end",), None
        return (), None

    def _glances(self) -> Iterator[Glance]:
        """The latest first."""
        paths = sorted(self.directory.glob("*.jsonl"))[: -MOST_RUNS - 1 : -1]
        for gone in self._known.keys() - {path.stem for path in paths}:
            del self._known[gone]
        for path in paths:
            try:
                stamp = file_stamp(path.lstat())
                known = self._known.get(path.stem)
                if known is None or known[0] != stamp or known[1].at_work:
                    known = self._known[path.stem] = (stamp, _glance(path))
            except OSError:
                continue
            yield known[1]


def _glance(path: Path) -> Glance:
    """Raises OSError."""
    record = read_record(path)
    began, ended = _event(record.lines, "run-started"), _event(record.lines, "run-finished")
    begun = {
        str(line["cluster"]) for line in record.lines if line.get("event") == "action-started"
    }
    results = {str(name): str(word) for name, word in (ended.get("clusters") or {}).items()}
    return Glance(
        record.run,
        results,
        frozenset(begun),
        _moment(ended.get("time")),
        bool(began.get("healing")),
        record.at_work,
    )


def _event(lines: tuple[Mapping[str, Any], ...], name: str) -> Mapping[str, Any]:
    return next((line for line in lines if line.get("event") == name), {})


def _moment(time: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(time)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None

"""Earlier runs, by their records: what stops healing, and what lets it go on.

A run of a person that began something and did not get to its end left a cluster half way: whoever
began it decides. One that brought a cluster where its file wants it is the word of somebody who has
looked. Of a run that healed its record says what it tried, whatever became of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from reconciler.execution.journal import Record, file_stamp, line_moment, read_record
from reconciler.planning.watching.healable import LOOKS
from reconciler.planning.watching.strikes import Attempt

# Of the last ones of people, in which a cluster is looked for; and of all.
MOST_RUNS = 50
MOST_RECORDS = 500
GOOD = frozenset({"converged", "no-change"})
ENDS = frozenset({"action-finished", "action-failed"})


@dataclass(frozen=True, slots=True)
class Glance:
    """What matters of a record: results by cluster, empty without one; what was begun of which.

    ``file`` is absolute, empty if it is not known; ``marks`` are by cluster those of its hosts.
    """

    run: str
    results: Mapping[str, str]
    begun: frozenset[str]
    ended: datetime | None
    heals: bool
    at_work: bool
    file: str = ""
    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Who:
    """The cluster that is meant: of a name, of a file, with hosts of these marks.

    Files that know nothing of each other may use one name. Where neither file nor marks are known,
    the name alone says it.
    """

    name: str
    file: str = ""
    marks: frozenset[str] = frozenset()

    def is_in(self, one: Glance) -> bool | None:
        """Whether a run's cluster of this name is this one; None where nobody knows."""
        seen = one.marks.get(self.name, frozenset())
        if not (self.file or self.marks) or (self.file and self.file == one.file):
            return True
        if self.marks and seen:
            return not self.marks.isdisjoint(seen)
        return None


# Why nothing is healed, in words, and when a cluster was where its file wants it.
Verdict: TypeAlias = "tuple[tuple[str, ...], datetime | None]"


class PastRuns(Protocol):
    """Where records of runs are."""

    def look(self, who: Who, now: datetime) -> Verdict:
        """What the last run that settles it says. Raises StoreFailed."""
        ...

    def attempts(self, run: str) -> tuple[Attempt, ...] | None:
        """What a run tried to heal; None as long as it is at work. Raises StoreFailed."""
        ...


def settle(glances: Iterable[Glance], who: Who, now: datetime) -> Verdict:
    """What the last run of a person says that settles it, of runs from the latest on.

    One that ended after ``now`` is of a clock that was wrong: it does not say that somebody has
    looked since. Of one that may have been of another cluster of the name, only what holds up counts.
    """
    cluster = who.name
    people = (
        one
        for one in glances
        if not one.heals and not one.at_work and who.is_in(one) is not False
    )
    for one in islice(people, MOST_RUNS):
        if one.results.get(cluster) in GOOD:
            if who.is_in(one) and (one.ended is None or one.ended <= now):
                return (), one.ended
        elif cluster in one.begun:
            how = "was cut off" if one.ended is None else f"ended {one.results.get(cluster)}"
            return (f"run {one.run} {how}: apply, so that it comes to its end",), None
    return (), None


@dataclass(slots=True)
class OtherRuns:
    """The records of a directory of this machine; each is read again only when it has changed."""

    directory: Path
    _known: dict[str, tuple[str, Glance]] = field(default_factory=dict)

    def look(self, who: Who, now: datetime) -> Verdict:
        """What the last run that settles it says. A record that cannot be read tells nothing."""
        return settle(self._glances(), who, now)

    def attempts(self, run: str) -> tuple[Attempt, ...] | None:
        """What a run tried to heal, by its record; None as long as it is at work."""
        try:
            record = read_record(self.directory / f"{run}.jsonl")
        except OSError:
            return ()
        return None if record.at_work else attempts_of(record)

    def _glances(self) -> Iterator[Glance]:
        """The latest first."""
        paths = sorted(self.directory.glob("*.jsonl"))[: -MOST_RECORDS - 1 : -1]
        for gone in self._known.keys() - {path.stem for path in paths}:
            del self._known[gone]
        for path in paths:
            try:
                stamp = file_stamp(path.lstat())
                known = self._known.get(path.stem)
                if known is None or known[0] != stamp or known[1].at_work:
                    known = self._known[path.stem] = (stamp, glance(read_record(path)))
            except OSError:
                continue
            yield known[1]


def attempts_of(record: Record) -> tuple[Attempt, ...]:
    """What a run tried to heal that has ended.

    What has begun and has no end has failed, unless the run was told to leave it to the hosts.
    """
    ends = {line.get("action"): line for line in record.lines if line.get("event") in ENDS}
    is_left = bool(record.first("run-finished").get("detached"))
    found = []
    for line in record.lines:
        if line.get("event") != "action-started" or line.get("kind") in LOOKS:
            continue
        end = ends.get(line.get("action"), {} if is_left else line)
        if moment := line_moment(end):
            done = end.get("event") == "action-finished"
            word: Literal["healed", "failed"] = "healed" if done else "failed"
            found.append(Attempt(moment, str(line.get("action")), word))
    return tuple(found)


def glance(record: Record) -> Glance:
    """What matters of a record."""
    began, ended = record.first("run-started"), record.first("run-finished")
    begun = {
        str(line["cluster"]) for line in record.lines if line.get("event") == "action-started"
    }
    marks = {
        str(line.get("cluster")): frozenset(map(str, line.get("machines") or ()))
        for line in record.lines
        if line.get("event") == "observed"
    }
    results = {str(name): str(word) for name, word in (ended.get("clusters") or {}).items()}
    return Glance(
        record.run,
        results,
        frozenset(begun),
        line_moment(ended),
        bool(began.get("healing")),
        record.at_work,
        str(began.get("path") or ""),
        marks,
    )

"""What is known of each cluster, in memory: what a round changes of it is what is told.

It does not hang on the disk: where nothing can be written, news are told all the same.
What is known of a cluster is kept as bytes. As objects, 136 a cluster of 8 members, it is what Python's
collector of garbage walks through again and again, which holds up the daemon's loop.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from reconciler.model.watched import (
    Condition,
    DriftIdentity,
    DriftItem,
    DriftReading,
    Opened,
    Reading,
    Round,
    RoundChanges,
)
from reconciler.storage.transitions import follow_condition

Key: TypeAlias = "tuple[str, str]"


@dataclass(frozen=True, slots=True)
class Known:
    """Of one cluster: when it was looked at last, its conditions, and the differences that are there."""

    seen: datetime
    conditions: Mapping[Key, Condition] = field(default_factory=dict)
    drift: Mapping[DriftIdentity, DriftItem] = field(default_factory=dict)


class Shelf(MutableMapping[str, Known]):
    """What is known of clusters, by name; each time that it is asked for it is made anew."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self.seen: dict[str, datetime] = {}

    def __getitem__(self, name: str) -> Known:
        """Of a cluster. Raises KeyError."""
        known: Known = pickle.loads(self._kept[name])  # noqa: S301  # of ourselves
        return known

    def __setitem__(self, name: str, known: Known) -> None:
        """Replace it."""
        self._kept[name] = pickle.dumps(known, pickle.HIGHEST_PROTOCOL)
        self.seen[name] = known.seen

    def __delitem__(self, name: str) -> None:
        """Forget it. Raises KeyError."""
        del self._kept[name], self.seen[name]

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._kept)

    def __len__(self) -> int:
        """So many."""
        return len(self._kept)


@dataclass(slots=True)
class Memory:
    """What is known of clusters, by name."""

    clusters: Shelf = field(default_factory=Shelf)

    def follow(self, name: str, found: Round, now: datetime) -> RoundChanges:
        """Take over what a round found; what that changes."""
        before = self.clusters.get(name, Known(now))
        now = max(now, before.seen)
        conditions, opened = _follow_all(before.conditions, found.readings, now)
        unsaid = {k: c for k, c in before.conditions.items() if k not in conditions}
        ended = tuple(unsaid.values()) if found.is_whole else ()
        conditions |= {} if found.is_whole else unsaid
        drift = _present(before.drift, found, now)
        came = tuple(item for key, item in drift.items() if key not in before.drift)
        went = tuple(
            replace(item, gone=now) for key, item in before.drift.items() if key not in drift
        )
        self.clusters[name] = Known(now, conditions, drift)
        return RoundChanges(opened, ended, came, went)

    def forget(self, names: Iterable[str]) -> None:
        """Nothing is known of these any more."""
        for name in names:
            self.clusters.pop(name, None)


def _key(reading: Reading) -> Key:
    return reading.subject, reading.kind


def _follow_all(
    before: Mapping[Key, Condition], readings: Iterable[Reading], now: datetime
) -> tuple[dict[Key, Condition], tuple[Opened, ...]]:
    steps = {_key(r): follow_condition(before.get(_key(r)), r, now) for r in readings}
    opened = tuple(step for step in steps.values() if isinstance(step, Opened))
    return {key: step.current for key, step in steps.items()}, opened


def _present(
    before: Mapping[DriftIdentity, DriftItem], found: Round, now: datetime
) -> dict[DriftIdentity, DriftItem]:
    """The differences that are there, with those of which nothing says that they are gone."""
    present = {one.identity: _item(before.get(one.identity), one, now) for one in found.drift}
    unseen = {
        identity: item
        for identity, item in before.items()
        if not found.is_whole
        or identity.host in found.unread
        or (found.unread and not identity.host)
    }
    return {**unseen, **present}


def _item(before: DriftItem | None, reading: DriftReading, now: datetime) -> DriftItem:
    if before is None:
        return DriftItem(reading, now, now, now, now, None, 1)
    changed = before.changed if before.reading == reading else now
    return replace(before, reading=reading, changed=changed, last_seen=now)

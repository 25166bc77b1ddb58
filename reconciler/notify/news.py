"""What there is to tell a receiver: how what stands now differs from what it was told last. Pure.

Nothing is a queue of events. A message that could not be handed over is not told, so the next
round finds the same news again, or none if the trouble has ended meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.model.policy import SEVERITIES, Severity
from reconciler.model.watched import (
    HEALING_STOPPED,
    ROUND_FAILED,
    Condition,
    ConditionKind,
    ConditionStatus,
    Happening,
    Reading,
    Told,
    TroubleKey,
)

# The greater the worse.
RANK: Mapping[Severity, int] = {one: rank for rank, one in enumerate(SEVERITIES)}

# The status that is trouble. Converged says again what the others say, and nobody is told it twice;
# but that rounds fail, nothing else says. Healing is none but where it has stopped by itself; what it
# mends is told to have ended.
TROUBLE: Mapping[ConditionKind, ConditionStatus | None] = {
    "Converged": "Unknown",
    "Drifted": "True",
    "Blocked": "True",
    "Unreachable": "True",
    "Degraded": "True",
    "Paused": "True",
    "Healing": None,
}
# Rounds that fail are told once they have failed so long: one that failed alone is soon made good.
# The alert rule ReconcileUnknown waits as long.
FAILING = timedelta(minutes=30)
REMIND_AFTER = timedelta(days=1)
# Why something has ended that is not found at all.
GONE = "Gone"


@dataclass(frozen=True, slots=True)
class Standing:
    """A condition as it stands, and how grave it is; ``then`` says what becomes of it, if known."""

    condition: Condition
    severity: Severity
    then: str = ""

    @property
    def key(self) -> TroubleKey:
        """What the condition is about, and its kind."""
        return self.condition.reading.subject, self.condition.reading.kind

    @property
    def is_trouble(self) -> bool:
        """Whether somebody wants to be told of it."""
        reading = self.condition.reading
        if reading.kind == "Converged":
            return self._fails and not self.is_unknown
        has_stopped = reading.kind == "Healing" and reading.reason in HEALING_STOPPED
        return has_stopped or reading.status == TROUBLE[reading.kind]

    @property
    def is_unknown(self) -> bool:
        """Whether nobody could see if the trouble stands: that is not its end.

        Rounds that have only begun to fail are neither a trouble nor the end of one.
        """
        if self.condition.reading.kind == "Converged":
            return self._fails and self.condition.last_seen - self.condition.began < FAILING
        return self.condition.reading.status == "Unknown"

    @property
    def _fails(self) -> bool:
        return self.condition.reading.reason == ROUND_FAILED


@dataclass(frozen=True, slots=True)
class Item:
    """One trouble in a message; ``before`` is what was told of it last."""

    happening: Happening
    standing: Standing
    before: Told | None


@dataclass(frozen=True, slots=True)
class News:
    """What a receiver is told now, the gravest first, and what it has been told once it was."""

    items: tuple[Item, ...]
    told: Mapping[TroubleKey, Told]


def find_news(
    standings: Iterable[Standing],
    told: Mapping[TroubleKey, Told],
    minimum: Severity,
    now: datetime,
    *,
    is_whole: bool = True,
) -> News | None:
    """What ``told`` lacks of ``standings``, or None where there is nothing to tell.

    A trouble is told when it begins, when its reason or severity becomes another, and once a day
    while it lasts. Its end is told to whoever was told of it. A trouble below ``minimum`` is not
    told; one that was told and has become slighter is told as changed, and nobody is reminded of
    it. While it is unknown whether a trouble stands, nothing is told of it. What stands no more at
    all has ended: a difference that is gone, a member that is no longer one. Where ``standings`` are
    not ``is_whole``, of what they lack nothing is known.
    """
    items: list[Item] = []
    found = {one.key: one for one in standings}
    gone = _gone(told, found, now) if is_whole else ()
    after = {} if is_whole else {key: one for key, one in told.items() if key not in found}
    for standing in (*found.values(), *gone):
        before = told.get(standing.key)
        happening = _happening(standing, before, minimum, now)
        if happening is not None:
            items.append(Item(happening, standing, before))
        if happening is not None and standing.is_trouble:
            reason = standing.condition.reading.reason
            after[standing.key] = Told(reason, standing.severity, now)
        elif happening is None and before is not None:
            after[standing.key] = before
    return News(tuple(sorted(items, key=_order)), after) if items else None


def _happening(
    standing: Standing, before: Told | None, minimum: Severity, now: datetime
) -> Happening | None:
    if standing.is_unknown:
        return None
    if not standing.is_trouble:
        return "ended" if before is not None else None
    is_grave = RANK[standing.severity] >= RANK[minimum]
    if before is None:
        return "began" if is_grave else None
    reason = standing.condition.reading.reason
    if (before.reason, before.severity) != (reason, standing.severity):
        return "changed"
    # Once a clock was set back, a reminder comes early rather than never.
    is_due = not timedelta(0) <= now - before.at < REMIND_AFTER
    return "lasts" if is_grave and is_due else None


def _gone(
    told: Mapping[TroubleKey, Told], found: Collection[TroubleKey], now: datetime
) -> Iterator[Standing]:
    for (subject, kind), before in told.items():
        if (subject, kind) not in found:
            reading = Reading(subject, kind, "False", GONE, "It is no longer there.")
            yield Standing(Condition(reading, now, now, now, now), before.severity)


_HAPPENINGS: Mapping[Happening, int] = {"began": 0, "changed": 1, "lasts": 2, "ended": 3}


def _order(item: Item) -> tuple[int, int, str, str]:
    return (
        _HAPPENINGS[item.happening] == 3,
        -RANK[item.standing.severity],
        *item.standing.key,
    )

"""Tells who the file names what changed of a cluster, by what the daemon knows of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from reconciler import telemetry
from reconciler.errors import SecretUnread
from reconciler.model.addresses import CLUSTER, MEMBER, parse_address
from reconciler.model.policy import Severity
from reconciler.model.watched import Condition, ConditionKind, DriftItem, Reading
from reconciler.notify.delivery import Receiver
from reconciler.notify.documents import About
from reconciler.notify.news import Standing
from reconciler.notify.receivers import receivers
from reconciler.notify.teller import Teller
from reconciler.planning.watching.prospects import SOMEBODY, say_next
from reconciler.watch.memory import Known
from reconciler.watch.result import Recorded, RoundResult
from reconciler.watch.wish import Wish

# How grave a condition is. A host that is not reached may be the one that is about to be fenced;
# of a cluster whose rounds fail it may be any.
SEVERITIES: Mapping[ConditionKind, Severity] = {
    "Unreachable": "loses",
    "Converged": "loses",
    "Blocked": "degrades",
    "Degraded": "degrades",
    "Paused": "cosmetic",
    "Healing": "degrades",
}
# Of which subjects which conditions are told: a cluster does not say again what its members and
# volumes say, and each difference is told by itself.
_TOLD: Mapping[str, frozenset[ConditionKind]] = {
    CLUSTER: frozenset({"Converged", "Blocked", "Degraded", "Paused", "Healing"}),
    MEMBER: frozenset({"Unreachable"}),
}


@dataclass(slots=True)
class Telling:
    """A listener that starts messages; what could not be told is in the log once.

    ``pages`` is where browsers find the pages, to which messages lead; empty where nobody knows.
    """

    teller: Teller
    pages: str = ""
    _unread: set[str] = field(default_factory=set)

    def hear(self, wish: Wish, result: RoundResult, recorded: Recorded, known: Known) -> None:
        """Tell what changed since each receiver was told. A round that failed tells that alone."""
        del recorded
        if told := list(self._receivers(wish)):
            link, revision = self._link(wish), wish.revision
            about = About(wish.cluster.name, wish.path, _plan(result), link, revision)
            found = standings(known, result.prospects)
            seen = [one for one in found if not result.failure or _says_failure(one)]
            seen.append(_of_file(wish, known.seen))
            self.teller.tell(about, seen, told, is_whole=not result.failure)

    def _receivers(self, wish: Wish) -> Iterator[Receiver]:
        for found in receivers(wish.cluster.policy):
            if isinstance(found, SecretUnread):
                if str(found) not in self._unread:
                    self._unread.add(str(found))
                    telemetry.warning("receiver-not-told", message=str(found))
            else:
                yield found

    def _link(self, wish: Wish) -> str | None:
        """The page that finds the cluster by its name, which outlives the state's own numbers."""
        return (
            f"{self.pages}/?search={quote(wish.cluster.name, safe='')}" if self.pages else None
        )

    async def close(self) -> None:
        """Cut what is on its way: the next daemon finds it again."""
        await self.teller.close()


def standings(
    known: Known, prospects: Mapping[tuple[str, str], str] | None = None
) -> Iterator[Standing]:
    """What is told of a cluster: conditions, and each difference that is there.

    ``prospects`` is by host and address what becomes of differences.
    """
    for condition in known.conditions.values():
        reading = condition.reading
        if reading.kind in _TOLD.get(parse_address(reading.subject).sort, ()):
            healing = known.conditions.get((reading.subject, "Healing"))
            then = say_next(reading, healing.reading if healing else None)
            yield Standing(condition, SEVERITIES[reading.kind], then)
    for item in known.drift.values():
        one = item.reading.identity
        then = (prospects or {}).get((one.host, one.address), SOMEBODY)
        yield Standing(_as_condition(item), item.reading.severity, then)  # type: ignore[arg-type]


def _of_file(wish: Wish, now: datetime) -> Standing:
    """Whether a cluster's file is good: what is wrong with it is told to whom it named before."""
    subject = f"file {wish.path}"
    if wish.wrong:
        words = f"{wish.file_trouble}; watched is what it said before"
        reading = Reading(subject, "Blocked", "True", "FileWrong", words)
    else:
        reading = Reading(subject, "Blocked", "False", "FileGood", "it is good again")
    then = f"{SOMEBODY} Until the file is good again, nothing is healed."
    return Standing(Condition(reading, now, now, now, now), "degrades", then)


def _says_failure(standing: Standing) -> bool:
    return standing.condition.reading.kind == "Converged"


def _as_condition(item: DriftItem) -> Condition:
    one = item.reading.identity
    subject = f"{one.address} ({one.truth})"
    words = item.reading.because or f"It is {item.reading.actual}, not {item.reading.expected}."
    reading = Reading(subject, "Drifted", "True", one.code or one.kind, words)
    return Condition(reading, item.since, item.since, item.changed, item.last_seen)


def _plan(result: RoundResult) -> tuple[str, str] | None:
    if not result.steps:
        return None
    lines = (f"{place}. {s.host}: {s.summary}" for place, s in enumerate(result.steps, 1))
    return result.plan_id, "\n".join(lines) + "\n"

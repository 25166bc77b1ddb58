"""What a rollout does next, by what is known of its clusters: begin, wait, stop, or end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from reconciler.frozen import frozen

# Of a rollout: the first three are open.
RolloutState = Literal["going", "stopping", "cancelling", "converged", "failed", "cancelled"]
ENDS: Mapping[RolloutState, RolloutState] = {"stopping": "failed", "cancelling": "cancelled"}
# Of one of its clusters, before it has ended; then it is a word of ``ClusterResult``, or one of ENDED.
WAITING, DUE, GOING = "waiting", "due", "going"
OPEN = frozenset({WAITING, DUE, GOING})
# Applied, and not well afterwards; not begun, since the rollout had ended; wanted by no file any more.
UNWELL, NOT_BEGUN, GONE = "unwell", "not-begun", "gone"
GOOD = frozenset({"converged", "no-change"})
MOST = 4  # clusters that are named


@frozen
class Health:
    """How a cluster stands by its last look, which began at ``looked``."""

    word: Literal["well", "unwell", "unknown"]
    looked: datetime | None
    message: str = ""


NOT_LOOKED_AT = Health("unknown", None, "it was not looked at")


@frozen
class ClusterNow:
    """A cluster of a rollout as it is now. ``paused`` says who paused it and why."""

    name: str
    wave: int
    state: str
    ended: datetime | None = None
    message: str = ""
    health: Health = NOT_LOOKED_AT
    paused: str = ""
    is_wanted: bool = True
    is_at_work: bool = False

    @property
    def is_looked_at(self) -> bool:
        """Whether it was looked at since its plan was carried out."""
        return self.ended is not None and is_looked_at_since(self, self.ended)


@frozen
class RolloutNow:
    """A rollout as it is now; ``soak`` are the seconds that a wave stands before the next."""

    state: RolloutState
    soak: float
    clusters: tuple[ClusterNow, ...]


@frozen
class Begin:
    """These clusters are due: their wave begins."""

    wave: int
    clusters: tuple[str, ...]


@frozen
class Wait:
    """Nothing is to be done yet; ``looks`` says by cluster from when on it is to be looked at."""

    message: str
    looks: Mapping[str, datetime] = field(default_factory=dict)


@frozen
class Stop:
    """Nothing new begins. ``spoilt`` has the clusters that are the reason though nothing failed
    there, each with its new state."""

    message: str
    spoilt: Mapping[str, str] = field(default_factory=dict)


@frozen
class End:
    """All is at its end."""

    state: RolloutState
    message: str = ""


Step: TypeAlias = Begin | Wait | Stop | End


def next_step(rollout: RolloutNow, now: datetime) -> Step:
    """What an open rollout does next. One that is told nothing new does the same again."""
    if rollout.state in ENDS:
        at_work = [one.name for one in rollout.clusters if _is_going(one)]
        wait = Wait(f"what has begun comes to its end: {_named(at_work)}")
        return wait if at_work else End(ENDS[rollout.state])
    if stop := _reason_to_stop(rollout):
        return stop
    waiting = [one for one in rollout.clusters if one.state == WAITING]
    begun = [one for one in rollout.clusters if one.state != WAITING]
    if begun and (unproven := _unproven(begun, rollout.soak if waiting else 0.0, now)):
        return unproven
    if not waiting:
        return End("converged")
    wave = min(one.wave for one in waiting)
    return Begin(wave, tuple(one.name for one in waiting if one.wave == wave))


def _is_going(one: ClusterNow) -> bool:
    """Whether it has begun and has no end; whom nobody wants any more, nobody goes on with."""
    return one.state == GOING and (one.is_wanted or one.is_at_work)


def _reason_to_stop(rollout: RolloutNow) -> Stop | None:
    for one in rollout.clusters:
        if one.state not in OPEN | GOOD:
            told = f": {one.message}" if one.message else ""
            return Stop(f"{one.name} ended {one.state}{told}")
        if one.state in OPEN and not one.is_wanted and not one.is_at_work:
            return Stop(f"no file wants {one.name} any more", {one.name: GONE})
        if one.is_looked_at and one.health.word == "unwell":
            return Stop(
                f"{one.name} is not well after its wave: {one.health.message}",
                {one.name: UNWELL},
            )
    return None


def _unproven(begun: Sequence[ClusterNow], soak: float, now: datetime) -> Wait | None:
    """What is still to be done or seen of the waves that have begun, before anything else begins."""
    if open_ := [one for one in begun if one.state in OPEN]:
        paused = [f"{one.name} is paused ({one.paused})" for one in open_ if one.paused]
        return Wait("; ".join(paused) or f"at work: {_named([one.name for one in open_])}")
    wave = max(one.wave for one in begun)
    last = [one for one in begun if one.wave == wave]
    stands = max((one.ended for one in last if one.ended is not None), default=now)
    until = stands + timedelta(seconds=soak)
    looks = {one.name: until for one in last}
    if now < until:
        return Wait(f"wave {wave} stands until {until:%H:%M:%S} UTC", looks)
    if late := [one.name for one in last if not is_looked_at_since(one, until)]:
        message = f"wave {wave} is looked at: {_named(late)}"
        return Wait(message, dict.fromkeys(late, until))
    doubts = [one for one in begun if not one.is_looked_at or one.health.word != "well"]
    if doubts:
        words = (f"{one.name}: {one.health.message}" for one in doubts[:MOST])
        return Wait(f"whether all is well is not known: {'; '.join(words)}")
    return None


def is_looked_at_since(one: ClusterNow, moment: datetime) -> bool:
    """Whether its last look began then or later."""
    return one.health.looked is not None and one.health.looked >= moment


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"{', '.join(names[:MOST])}{more}"

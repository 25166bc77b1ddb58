"""What a rollout does next, by what is known of its clusters: begin, wait, stop, or end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import TypeAlias

from reconciler.frozen import frozen
from reconciler.model.rollout_states import (
    ENDS,
    GOING,
    GONE,
    GOOD,
    OPEN,
    UNWELL,
    WAITING,
    ClusterNow,
    RolloutNow,
    RolloutState,
)

MOST = 4  # clusters that are named


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
        told = f"what has begun comes to its end: {name_some(at_work)}"
        return Wait(told) if at_work else End(ENDS[rollout.state])
    if stop := _reason_to_stop(rollout):
        return stop
    waiting = [one for one in rollout.clusters if one.state == WAITING]
    begun = [one for one in rollout.clusters if one.state != WAITING]
    if begun and (wait := _at_work(begun) or _standing(rollout, begun, now) or _doubts(begun)):
        return wait
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


def _at_work(begun: Sequence[ClusterNow]) -> Wait | None:
    going = [one for one in begun if one.state in OPEN]
    told = _waits(going) or f"at work: {name_some([one.name for one in going])}"
    return Wait(told) if going else None


def _waits(clusters: Sequence[ClusterNow]) -> str:
    """Who keeps a rollout waiting, and why; empty if nothing does."""
    held = [words for one in clusters if (words := _what_holds(one))]
    return f"waits: {'; '.join(held)}" if held else ""


def _what_holds(one: ClusterNow) -> str:
    """What keeps it from going on; empty if nothing does."""
    if one.paused:
        return f"{one.name} is paused ({one.paused})"
    if one.unserved and not one.is_at_work:
        return f"no worker serves zone {one.unserved} of {one.name}"
    return ""


def _standing(rollout: RolloutNow, begun: Sequence[ClusterNow], now: datetime) -> Wait | None:
    """Whether the last wave stands as long as it has to, and was looked at then.

    Where no other follows, it is enough that each was looked at since its plan was carried out.
    """
    wave = max(one.wave for one in begun)
    ends = {one.name: one.ended or now for one in begun if one.wave == wave}
    if len(begun) < len(rollout.clusters):
        until = max(ends.values()) + timedelta(seconds=rollout.soak)
        ends = dict.fromkeys(ends, until)
        if now < until:
            return Wait(f"wave {wave} stands until {until:%H:%M:%S} UTC", ends)
    late = {
        one.name: ends[one.name]
        for one in begun
        if one.name in ends and not one.is_looked_at_since(ends[one.name])
    }
    told = _waits([one for one in begun if one.name in late])
    told = told or f"wave {wave} is looked at: {name_some(list(late))}"
    return Wait(told, late) if late else None


def _doubts(begun: Sequence[ClusterNow]) -> Wait | None:
    found = [one for one in begun if not one.is_looked_at or one.health.word != "well"]
    words = "; ".join(
        _what_holds(one) or f"{one.name}: {one.health.message}" for one in found[:MOST]
    )
    return Wait(f"whether all is well is not known: {words}") if found else None


def name_some(names: Sequence[str]) -> str:
    """Names in words: the first few, and how many more there are."""
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"{', '.join(names[:MOST])}{more}"

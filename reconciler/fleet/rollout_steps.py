"""What a rollout does next, by what is known of its clusters: begin, wait, stop, or end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import TypeAlias

from reconciler.frozen import frozen
from reconciler.model.rollouts import (
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
    if late := [one.name for one in last if not one.is_looked_at_since(until)]:
        message = f"wave {wave} is looked at: {_named(late)}"
        return Wait(message, dict.fromkeys(late, until))
    doubts = [one for one in begun if not one.is_looked_at or one.health.word != "well"]
    if doubts:
        words = (f"{one.name}: {one.health.message}" for one in doubts[:MOST])
        return Wait(f"whether all is well is not known: {'; '.join(words)}")
    return None


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"{', '.join(names[:MOST])}{more}"

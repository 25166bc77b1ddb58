"""Two samples of the heartbeats on volumes: whose goes on (manual ocfs2, 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from reconciler.model.observed import Beat, HostFacts, Observed, Unknown, WantedDevice

# Seconds between two samples; a host beats every two (fs/ocfs2/cluster/heartbeat.c).
BEATS_APART = 12.0
# By device as it is wanted what each node wrote last; all hosts see the same blocks.
Beats: TypeAlias = "Mapping[str, Mapping[int, str]]"


def sample_beats(observed: Observed) -> Beats:
    """What the first host that could read a device saw there."""
    found: dict[str, Mapping[int, str]] = {}
    for facts in observed.answering_hosts().values():
        for view in () if isinstance(facts.wanted, Unknown) else facts.wanted:
            if view.beats is not None:
                found.setdefault(view.ref, _sequences(view.beats))
    return found


def with_beats_since(observed: Observed, earlier: Beats) -> Observed:
    """``observed``, with the nodes whose heartbeat went on since a sample of an earlier look."""
    hosts = {
        name: _since(facts, earlier) if isinstance(facts, HostFacts) else facts
        for name, facts in observed.hosts.items()
    }
    return replace(observed, hosts=hosts)


def _since(facts: HostFacts, earlier: Beats) -> HostFacts:
    if isinstance(facts.wanted, Unknown):
        return facts
    return replace(facts, wanted=tuple(_since_then(item, earlier) for item in facts.wanted))


def _since_then(now: WantedDevice, earlier: Beats) -> WantedDevice:
    old = earlier.get(now.ref)
    if now.beats is None or old is None:
        return now
    return replace(now, advancing=_written(now.beats, old))


def with_advanced_beats(first: Observed, second: Observed) -> Observed:
    """``first``, with the nodes whose heartbeat went on until ``second``."""
    later = second.answering_hosts()
    hosts = {
        name: _compared(facts, later.get(name)) if isinstance(facts, HostFacts) else facts
        for name, facts in first.hosts.items()
    }
    return Observed(hosts)


def _compared(facts: HostFacts, later: HostFacts | None) -> HostFacts:
    if isinstance(facts.wanted, Unknown) or later is None or isinstance(later.wanted, Unknown):
        return facts
    again = {item.ref: item for item in later.wanted}
    return replace(
        facts, wanted=tuple(_moved(item, again.get(item.ref)) for item in facts.wanted)
    )


def _moved(before: WantedDevice, after: WantedDevice | None) -> WantedDevice:
    if after is None or before.beats is None or after.beats is None:
        return before
    return replace(before, advancing=_written(after.beats, _sequences(before.beats)))


def _sequences(beats: Iterable[Beat]) -> Mapping[int, str]:
    return {beat.node: beat.sequence for beat in beats}


def _written(beats: Iterable[Beat], old: Mapping[int, str]) -> tuple[int, ...]:
    """The nodes that have written since."""
    return tuple(beat.node for beat in beats if old.get(beat.node) != beat.sequence)

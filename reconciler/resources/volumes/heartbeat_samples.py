"""Two samples of the heartbeats on volumes: whose goes on (manual ocfs2, 4)."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.observed import HostFacts, Observed, Unknown, WantedDevice

# Seconds between two samples; a host beats every two (fs/ocfs2/cluster/heartbeat.c).
BEATS_APART = 12.0


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
    old = {beat.node: beat.sequence for beat in before.beats}
    nodes = tuple(beat.node for beat in after.beats if old.get(beat.node) != beat.sequence)
    return replace(before, advancing=nodes)

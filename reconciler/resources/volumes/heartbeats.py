"""Who writes to a volume by the evidence on its disk, listed in a file or not.

Heartbeat blocks do not lie (OCFS2.md, 4): a sequence that goes on is a live writer. One
that stands still with a generation is a crashed or hung host, and no writer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import ref, view_of
from reconciler.model.observed import HostFacts, Observed, Unknown, WantedDevice
from reconciler.model.outcome import Blocked
from reconciler.model.refusals import member
from reconciler.model.refusals import volume as address
from reconciler.model.standing import among, staying
from reconciler.resources.volumes.changes import named, views

# Seconds between two samples; a host beats every two (fs/ocfs2/cluster/heartbeat.c).
BEATS_APART = 12.0


def unexplained(cluster: Cluster, volume: Volume, observed: Observed) -> frozenset[int]:
    """Nodes with a heartbeat on the volume that no observed member's mount explains."""
    explained = set(_unreached(cluster, observed))
    for facts in observed.reached().values():
        explained |= set(_mounting(cluster, volume, facts))
    found = {
        beat.node
        for view in views(volume, among(observed, staying(cluster))).values()
        for beat in view.beats or ()
        if int(beat.generation, 16) != 0
    }
    return frozenset(found - explained)


def _unreached(cluster: Cluster, observed: Observed) -> Iterator[int]:
    """The numbers of members that did not answer: they block the cluster by themselves."""
    lost = {item.host.lower() for item in observed.unreachable()}
    for facts in observed.reached().values():
        if not isinstance(facts.live, Unknown):
            nodes = (n for c in facts.live.clusters if c.name == cluster.name for n in c.nodes)
            yield from (node.number for node in nodes if node.name.lower() in lost)


def _mounting(cluster: Cluster, volume: Volume, facts: HostFacts) -> tuple[int, ...]:
    """The number under which a host mounts the volume, if it does."""
    if (
        isinstance(facts.mounts, Unknown)
        or isinstance(facts.live, Unknown)
        or isinstance(facts.wanted, Unknown)
    ):
        return ()
    view = view_of(facts, ref(volume))
    if view is None or view.device not in {mount.device for mount in facts.mounts}:
        return ()
    return tuple(
        node.number
        for live in facts.live.clusters
        if live.name == cluster.name
        for node in live.nodes
        if node.local
    )


def doubtful(cluster: Cluster, observed: Observed) -> bool:
    """Whether a second sample is needed to tell a writer from a leftover."""
    readable = {
        name: facts
        for name, facts in observed.hosts.items()
        if not isinstance(facts, HostFacts) or not isinstance(facts.wanted, Unknown)
    }
    return any(unexplained(cluster, volume, Observed(readable)) for volume in cluster.volumes)


def advanced(first: Observed, second: Observed) -> Observed:
    """``first``, with the nodes whose heartbeat went on until ``second``."""
    later = second.reached()
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


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse volumes that a host outside the observed members writes to, or may."""
    attested = {
        m.number: (m.name, m.state) for m in cluster.members if m.state in {"offline", "dead"}
    }
    yield from _unseen(cluster, observed)
    for volume in cluster.volumes:
        nodes = unexplained(cluster, volume, observed)
        seen = [
            v for v in views(volume, among(observed, staying(cluster))).values() if v.superblock
        ]
        live = nodes & {n for view in seen for n in view.advancing or ()}
        if any(view.beats is None for view in seen):
            yield _foreign(volume, "its heartbeat area could not be read")
        elif nodes and any(view.advancing is None for view in seen):
            yield _foreign(volume, f"{_words(nodes)} left a heartbeat, seen only once")
        for node in sorted(live & set(attested)):
            yield _alive(volume, node, *attested[node])
        if foreign := live - set(attested):
            slots = [
                f"slot {s.slot}"
                for v in seen[:1]
                for s in v.slot_map or ()
                if s.node in foreign
            ]
            where = f" ({', '.join(slots)})" if slots else ""
            yield _foreign(volume, f"{_words(foreign)} writes its heartbeat to it now{where}")
        yield from _recovering(cluster, volume, observed, live)


def _unseen(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Without a volume in the file no heartbeat is looked at: nobody is believed dead."""
    names = _listed(cluster, observed) if not cluster.volumes else frozenset()
    for item in cluster.members:
        revoked = item.attested is not None and item.attested.lun_access == "revoked"
        if item.state == "dead" and not revoked and item.name.lower() in names:
            yield Blocked(
                "heartbeat-advances",
                member(item.name),
                f"the file names no volume on which the heartbeat of {item.name} could be seen "
                "to have ended",
                "name the cluster's volumes in the file, or attest lun_access: revoked",
            )


def _alive(volume: Volume, node: int, name: str, state: str) -> Blocked:
    return Blocked(
        "heartbeat-advances",
        member(name),
        f"{name} is attested {state}, but node {node} writes its heartbeat to "
        f"{named(volume)} now",
        f"power {name} off for certain, or take the attestation back",
    )


def _recovering(
    cluster: Cluster, volume: Volume, observed: Observed, alive: frozenset[int]
) -> Iterator[Blocked]:
    """A dead member holds its slot until those who mount the volume have recovered it."""
    stays = among(observed, staying(cluster))
    if not any(_mounting(cluster, volume, facts) for facts in stays.reached().values()):
        return
    listed_now = _listed(cluster, observed)
    held = {s.node for v in views(volume, stays).values() for s in v.slot_map or ()} - alive
    for item in cluster.members:
        if item.state == "dead" and item.number in held and item.name.lower() in listed_now:
            yield Blocked(
                "recovery-unfinished",
                member(item.name),
                f"{item.name} (node {item.number}) still has a slot of {named(volume)}: the "
                "survivors have not recovered it yet",
                "wait until it is evicted (about 80 s after its death with the default "
                "timeouts), then plan again",
            )


def _listed(cluster: Cluster, observed: Observed) -> frozenset[str]:
    """The names on any running kernel's list."""
    return frozenset(
        node.name.lower()
        for facts in observed.reached().values()
        if not isinstance(facts.live, Unknown)
        for live in facts.live.clusters
        if live.name == cluster.name
        for node in live.nodes
    )


def _words(nodes: frozenset[int]) -> str:
    return f"node {', '.join(map(str, sorted(nodes)))}, which no member's mount explains,"


def _foreign(volume: Volume, message: str) -> Blocked:
    return Blocked(
        "foreign-heartbeat",
        address(volume.label),
        f"{named(volume)}: {message}",
        "find the host that has it mounted (mounted.ocfs2 -f on a member shows slots) and "
        "unmount it there, or make it a member",
    )

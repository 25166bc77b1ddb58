"""A cluster as a picture shows it: who is on the interconnect, who has which volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Member, Volume
from reconciler.model.devices import has_mounted, ref, view_of
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable, WantedDevice
from reconciler.model.plan import ClusterPlan
from reconciler.model.quantities import format_size, format_sizes
from reconciler.model.roles import LISTED, is_withdrawn
from reconciler.model.views import Mark, Seat, Shelf, State, Topology
from reconciler.planning.kinds import ENLARGES, having
from reconciler.planning.resolve.numbering import NodePlace, places, with_numbers
from reconciler.resources.growth.sizes import file_system_bytes

ENLARGING = frozenset(having(ENLARGES))
# What stands for no number: who joins has none yet, who leaves none any more.
NOBODY = "\u2013"
# Of what is mounted now, and which of its mount and unmount the plan has.
MARKS: Mapping[tuple[bool, bool, bool], Mark] = {
    (True, False, False): "mounted",
    (True, False, True): "unmounts",
    (True, True, True): "again",
    (True, True, False): "mounted",
    (False, True, False): "mounts",
    (False, True, True): "mounts",
    (False, False, True): "none",
    (False, False, False): "none",
}


def topology(cluster: Cluster, observed: Observed, plan: ClusterPlan) -> Topology:
    """What is now, and what the plan makes of it."""
    now = places(cluster, observed)
    members = with_numbers(cluster, observed).members
    seats = [_seat(cluster, member, observed, plan, now) for member in members]
    return Topology(tuple(seats), tuple(_shelf(v, observed, plan) for v in cluster.volumes))


def _seat(
    cluster: Cluster,
    member: Member,
    observed: Observed,
    plan: ClusterPlan,
    now: Mapping[str, NodePlace],
) -> Seat:
    name = member.name
    place = now.get(host_key(name))
    before = "" if place is None else str(place[0])
    after = str(member.number) if member.role in LISTED and member.number is not None else ""
    number = before if before == after else f"{before or NOBODY} \u2192 {after or NOBODY}"
    facts = observed.hosts.get(name)
    marks = [_mark(name, facts, volume, plan) for volume in cluster.volumes]
    state = _state(member, facts, bool(before))
    asked = f"{member.interconnect}:{member.port}"
    there = asked if place is None else f"{place[1]}:{place[2]}"
    stays = there == asked or member.role not in LISTED
    address = there if stays else f"{there} \u2192 {asked}"
    return Seat(name, number, address, state, tuple(marks))


def _state(member: Member, facts: HostFacts | Unreachable | None, is_listed: bool) -> State:  # noqa: FBT001  # a fact, not a switch
    if isinstance(facts, Unreachable):
        return "silent"
    states: Mapping[str, State] = {"drained": "drained", "offline": "offline", "dead": "dead"}
    if member.role in states:
        return states[member.role]
    if member.role == "present":
        return "member" if is_listed else "joins"
    return "leaves" if is_listed else "gone"


def _mark(
    host: str, facts: HostFacts | Unreachable | None, volume: Volume, plan: ClusterPlan
) -> Mark:
    if not isinstance(facts, HostFacts):
        return "unknown"
    if isinstance(facts.mounts, Unknown) or isinstance(facts.wanted, Unknown):
        return "unknown"
    mine = _kinds(host, volume_address(volume.label), plan)
    return MARKS[has_mounted(facts, ref(volume)), "mount" in mine, "unmount" in mine]


def _kinds(host: str, address: str, plan: ClusterPlan) -> Sequence[str]:
    return [a.kind for a in plan.actions if a.host == host and a.address == address]


def _shelf(volume: Volume, observed: Observed, plan: ClusterPlan) -> Shelf:
    device = volume.device.wwid or volume.device.path or ""
    part = f", partition {volume.device.partition}" if volume.device.partition else ""
    return Shelf(
        volume.label,
        _size(volume, observed, plan),
        _path(volume, observed),
        f"{device}{part}",
        is_withdrawn(volume),
    )


def _size(volume: Volume, observed: Observed, plan: ClusterPlan) -> str:
    """Of the file system that is there, and of what the plan makes of it."""
    views = [view for _facts, view in _views(volume, observed) if view.unread is None]
    sizes = [file_system_bytes(view.superblock) for view in views if view.superblock]
    at = volume_address(volume.label, "size")
    after = next((c.after for c in plan.changes if c.address == at), None)
    kinds = {a.kind for a in plan.actions if a.address == volume_address(volume.label)}
    if sizes and isinstance(after, int) and kinds & ENLARGING and not plan.blocked:
        there, then = format_sizes(max(sizes), after)
        return f"{there} \u2192 {then}"
    there = format_size(max(sizes)) if sizes else "no OCFS2" if views else "size unknown"
    if "format" not in {
        a.kind for a in plan.actions if a.address == volume_address(volume.label)
    }:
        return there
    asked = "all of its device" if volume.size == "fill" else format_size(volume.size)
    return f"{there} \u2192 {asked}"


def _path(volume: Volume, observed: Observed) -> str:
    """Where it is mounted, and where it is going to be."""
    there = {
        mount.path
        for facts, view in _views(volume, observed)
        for mount in (() if isinstance(facts.mounts, Unknown) else facts.mounts)
        if view.device is not None and mount.device == view.device
    }
    if not there or there == {volume.mount.path} or is_withdrawn(volume):
        return ", ".join(sorted(there)) or volume.mount.path
    return f"{', '.join(sorted(there))} \u2192 {volume.mount.path}"


def _views(volume: Volume, observed: Observed) -> list[tuple[HostFacts, WantedDevice]]:
    """What each host that could be read sees of its device."""
    known = (
        f for f in observed.answering_hosts().values() if not isinstance(f.wanted, Unknown)
    )
    found = ((facts, view_of(facts, ref(volume))) for facts in known)
    return [(facts, view) for facts, view in found if view is not None]

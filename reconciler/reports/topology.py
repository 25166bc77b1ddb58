"""A cluster as a picture shows it: who is on the interconnect, who has which volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Member, Volume
from reconciler.model.devices import has_mounted, ref
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.plan import ClusterPlan
from reconciler.model.quantities import format_extent
from reconciler.model.roles import LISTED, is_withdrawn
from reconciler.model.views import Mark, Seat, Shelf, State, Topology
from reconciler.planning.resolve.numbering import places, with_numbers

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
    now = {name: str(place[0]) for name, place in places(cluster, observed).items()}
    members = with_numbers(cluster, observed).members
    seats = [_seat(cluster, member, observed, plan, now) for member in members]
    return Topology(tuple(seats), tuple(_shelf(volume) for volume in cluster.volumes))


def _seat(
    cluster: Cluster,
    member: Member,
    observed: Observed,
    plan: ClusterPlan,
    now: Mapping[str, str],
) -> Seat:
    name = member.name
    before = now.get(host_key(name), "")
    after = str(member.number) if member.role in LISTED and member.number is not None else ""
    number = before if before == after else f"{before or NOBODY} \u2192 {after or NOBODY}"
    facts = observed.hosts.get(name)
    marks = [_mark(name, facts, volume, plan) for volume in cluster.volumes]
    state = _state(member, facts, bool(before))
    address = f"{member.interconnect}:{member.port}"
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


def _shelf(volume: Volume) -> Shelf:
    device = volume.device.wwid or volume.device.path or ""
    part = f", partition {volume.device.partition}" if volume.device.partition else ""
    size = format_extent(volume.size)
    words = "all of its device" if size == "fill" else size
    return Shelf(
        volume.label, words, volume.mount.path, f"{device}{part}", is_withdrawn(volume)
    )

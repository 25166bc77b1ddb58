"""What a member is to its cluster: listed, contacted, mounting, leaving.

A way-point of a plan (see ``planning.rollout``) may also hold a member *stopped*, or a volume
*withheld*: no file can say that, so it is no word of the file's (``PlanningState``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model.host_names import host_key
from reconciler.model.identity_cache import once_each

if TYPE_CHECKING:  # the file's members and volumes have fields for the planner's states
    from reconciler.model.desired import Cluster, Member, MemberState, Volume
    from reconciler.model.observed import HostFacts, Observed


class PlanningState(StrEnum):
    """What the planner holds a member or a volume for, for a while."""

    # Of a member: listed, its cluster offline; windows pass through it.
    STOPPED = "stopped"
    # Of an absent member of whom nothing is of this cluster: it may be anybody's by now.
    GONE = "gone"
    # Of a volume: in a window nobody has it mounted.
    WITHHELD = "withheld"
    # Of a volume that the file no longer has: nobody shall have it mounted again.
    WITHDRAWN = "withdrawn"


STOPPED, GONE = PlanningState.STOPPED, PlanningState.GONE
LISTED = frozenset({"present", "drained", "offline", STOPPED})
CONTACTED = frozenset({"present", "drained", "absent", STOPPED, GONE})


@once_each()
def listed_members(cluster: Cluster) -> tuple[Member, ...]:
    """The members that belong into every node list."""
    return tuple(m for m in cluster.members if m.role in LISTED)


@once_each()
def contacted_members(cluster: Cluster) -> tuple[Member, ...]:
    """The members that are asked; an offline one is not, a dead one cannot be."""
    return tuple(m for m in cluster.members if m.role in CONTACTED)


@once_each()
def staying(cluster: Cluster) -> tuple[str, ...]:
    """The names of those that are both listed and contacted."""
    return tuple(m.name for m in listed_members(cluster) if m.role in CONTACTED)


@once_each()
def online(cluster: Cluster) -> tuple[str, ...]:
    """The names of those whose kernels have the cluster."""
    return tuple(m.name for m in contacted_members(cluster) if m.role in {"present", "drained"})


@once_each()
def mounting(cluster: Cluster) -> tuple[str, ...]:
    """The names of those that mount the volumes."""
    return tuple(m.name for m in cluster.members if m.role == "present")


@once_each()
def mounting_it(cluster: Cluster, volume: Volume) -> tuple[str, ...]:
    """The names of those that mount one volume."""
    return tuple(name for name in mounting(cluster) if not is_withheld(volume, name))


@once_each()
def mounted_volumes(cluster: Cluster) -> Mapping[str, tuple[Volume, ...]]:
    """By name of each member the volumes that it mounts, in the file's order."""
    return {
        name: tuple(volume for volume in cluster.volumes if not is_withheld(volume, name))
        for name in mounting(cluster)
    }


def is_withheld(volume: Volume, host: str = "") -> bool:
    """Whether nobody shall have it mounted, or at least not ``host``."""
    return volume.planning_state is not None or host in volume.unmounted_on


def is_withdrawn(volume: Volume) -> bool:
    """Whether the file does not have it any more."""
    return volume.planning_state is PlanningState.WITHDRAWN


def mounts_at_boot(volume: Volume) -> bool:
    """Whether fstab shall mount it."""
    return volume.mount.at_boot and volume.mounted_by == "reconcile"


def withhold(volume: Volume) -> Volume:
    """The volume, for a while mounted nowhere and by nobody."""
    return volume.with_planning_state(state=PlanningState.WITHHELD)


def without_mount_on(volume: Volume, *hosts: str) -> Volume:
    """The volume, not mounted on ``hosts`` and elsewhere as it is; itself without any."""
    if not hosts:
        return volume
    return volume.with_planning_state(unmounted_on=volume.unmounted_on | {*hosts})


def with_volumes(cluster: Cluster, volumes: Collection[Volume]) -> Cluster:
    """``cluster`` with these volumes."""
    return cluster.model_copy(update={"volumes": tuple(volumes)})


@once_each()
def leaving(cluster: Cluster) -> tuple[str, ...]:
    """The names of those that are to be out of the cluster, and are asked whether they are."""
    return tuple(m.name for m in cluster.members if m.role == "absent")


@once_each()
def left_members(cluster: Cluster) -> tuple[str, ...]:
    """The names of those that are out, or are to be."""
    return tuple(m.name for m in cluster.members if m.role in {"absent", GONE})


@once_each()
def involved_members(cluster: Cluster) -> tuple[str, ...]:
    """The names of those on whom something may be done."""
    return tuple(m.name for m in cluster.members if m.role != GONE)


def with_member_states(
    cluster: Cluster, states: Mapping[str, MemberState | PlanningState]
) -> Cluster:
    """``cluster`` with other states of some members."""
    members = [m.with_role(states[m.name]) if m.name in states else m for m in cluster.members]
    return with_members(cluster, members)


def with_members(cluster: Cluster, members: Collection[Member]) -> Cluster:
    """``cluster`` with these members."""
    return cluster.model_copy(update={"members": tuple(members)})


def restrict_to(observed: Observed, names: Collection[str]) -> Observed:
    """What was observed of some of the hosts."""
    names = frozenset(names)
    found = {name: facts for name, facts in observed.hosts.items() if name in names}
    # Its class is not imported: to read a file needs no facts.
    return type(observed)(found, everybody=observed.whole)


@once_each()
def names_elsewhere(cluster: Cluster, observed: Observed) -> frozenset[str]:
    """Whom the kernel of some other host lists, by ``host_key``: members already."""
    from reconciler.model.observed import Unknown, listed_names  # noqa: PLC0415  # to read a file needs no facts

    names: set[str] = set()
    for host, facts in observed.answering_hosts().items():
        if not isinstance(facts.live, Unknown):
            names |= listed_names(facts.live.nodes(cluster.name)) - {host_key(host)}
    return frozenset(names)


@once_each()
def confirmed_members(cluster: Cluster, observed: Observed) -> Mapping[str, HostFacts]:
    """Members that another member's kernel lists; where no kernel lists any, all of them.

    Of one whose list has others that are all offline, since they were installed anew, nobody else
    can tell: it is a member by its own list, unless another one says so of itself as well. A
    kernel that lists its own host alone is the whole cluster only if no other lists anybody: a
    joiner may run such a cluster of its own.
    """
    from reconciler.model.observed import Unknown, listed_names  # noqa: PLC0415  # as above

    reached = restrict_to(observed, staying(cluster)).answering_hosts()
    lists = {
        host_key(host): frozenset[str]()
        if isinstance(facts.live, Unknown)
        else listed_names(facts.live.nodes(cluster.name))
        for host, facts in reached.items()
    }
    online = {key for key, names in lists.items() if names}
    chosen = {name for key, names in lists.items() for name in names - {key}} & lists.keys()
    last = {key for key, names in lists.items() if (names & lists.keys()) - {key}}
    if not chosen & online and len(last) == 1:
        chosen |= last
    chosen = chosen or {key for key, names in lists.items() if names == {key}}
    return {h: f for h, f in reached.items() if host_key(h) in chosen} or reached

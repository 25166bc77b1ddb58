"""Where a member stands: whether it is listed, contacted, mounting, leaving.

A way-point of a plan (see ``planning.waypoints``) may also hold a member *stopped*: listed,
with its cluster offline. No file can say that; it is a state that windows pass through.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.model.desired import Cluster, Member, Volume
from reconciler.model.observed import HostFacts, Observed, Unknown

STOPPED = "stopped"
# An absent member of whom nothing is of this cluster: it may be anybody's by now.
GONE = "gone"
# Of a volume's ``mount.by``, which no file can say either: in a window nobody has it mounted;
# one that the file no longer has is withdrawn.
NOBODY = "nobody"
WITHDRAWN = "withdrawn"
LISTED = frozenset({"present", "drained", "offline", STOPPED})
CONTACTED = frozenset({"present", "drained", "absent", STOPPED, GONE})


def listed(cluster: Cluster) -> tuple[Member, ...]:
    """The members that belong into every node list."""
    return tuple(m for m in cluster.members if m.state in LISTED)


def contacted(cluster: Cluster) -> tuple[Member, ...]:
    """The members that are asked; an offline one is not, a dead one cannot be."""
    return tuple(m for m in cluster.members if m.state in CONTACTED)


def staying(cluster: Cluster) -> tuple[str, ...]:
    """The names of those that are both listed and contacted."""
    return tuple(m.name for m in listed(cluster) if m.state in CONTACTED)


def online(cluster: Cluster) -> tuple[str, ...]:
    """The names of those whose kernels have the cluster."""
    return tuple(m.name for m in contacted(cluster) if m.state in {"present", "drained"})


def mounting(cluster: Cluster) -> tuple[str, ...]:
    """The names of those that mount the volumes."""
    return tuple(m.name for m in cluster.members if m.state == "present")


def mounting_it(cluster: Cluster, volume: Volume) -> tuple[str, ...]:
    """The names of those that mount one volume."""
    return tuple(name for name in mounting(cluster) if not is_withheld(volume, name))


def is_withheld(volume: Volume, host: str = "") -> bool:
    """Whether nobody shall have it mounted, or at least not ``host``."""
    return str(volume.mount.by) in {NOBODY, WITHDRAWN} or host in volume.away


def is_withdrawn(volume: Volume) -> bool:
    """Whether the file does not have it any more."""
    return str(volume.mount.by) == WITHDRAWN


def withheld(volume: Volume, by: str = NOBODY) -> Volume:
    """The volume, mounted nowhere and by nobody."""
    mount = volume.mount.model_copy(update={"by": by})
    return volume.model_copy(update={"mount": mount})


def without_mount_on(volume: Volume, host: str) -> Volume:
    """The volume, not mounted on ``host`` and elsewhere as it is."""
    return volume.beyond(volume.past, volume.away | {host})


def with_volumes(cluster: Cluster, volumes: Collection[Volume]) -> Cluster:
    """``cluster`` with these volumes."""
    return cluster.model_copy(update={"volumes": tuple(volumes)})


def leaving(cluster: Cluster) -> tuple[str, ...]:
    """The names of those that are to be out of the cluster, and are asked whether they are."""
    return tuple(m.name for m in cluster.members if m.state == "absent")


def left(cluster: Cluster) -> tuple[str, ...]:
    """The names of those that are out, or are to be."""
    return tuple(m.name for m in cluster.members if m.state in {"absent", GONE})


def involved(cluster: Cluster) -> tuple[str, ...]:
    """The names of those on whom something may be done."""
    return tuple(m.name for m in cluster.members if m.state != GONE)


def with_member_states(cluster: Cluster, states: Mapping[str, str]) -> Cluster:
    """``cluster`` with other states of some members."""
    return with_members(
        cluster,
        [m.model_copy(update={"state": states.get(m.name, m.state)}) for m in cluster.members],
    )


def with_members(cluster: Cluster, members: Collection[Member]) -> Cluster:
    """``cluster`` with these members."""
    return cluster.model_copy(update={"members": tuple(members)})


def restrict_to(observed: Observed, names: Collection[str]) -> Observed:
    """What was observed of some of the hosts."""
    return Observed({name: facts for name, facts in observed.hosts.items() if name in names})


def confirmed_members(cluster: Cluster, observed: Observed) -> Mapping[str, HostFacts]:
    """Members that another member's kernel lists; where no kernel lists any, all of them.

    A kernel that lists its own host alone is the whole cluster only if no other lists anybody:
    a joiner may run such a cluster of its own.
    """
    reached = restrict_to(observed, staying(cluster)).reached()
    others: set[str] = set()
    alone: set[str] = set()
    for host, facts in reached.items():
        clusters = () if isinstance(facts.live, Unknown) else facts.live.clusters
        for live in (found for found in clusters if found.name == cluster.name):
            names = {node.name.lower() for node in live.nodes}
            others |= names - {host.lower()}
            alone |= names if names == {host.lower()} else set()
    chosen = others & {host.lower() for host in reached} or alone
    return {h: f for h, f in reached.items() if h.lower() in chosen} or reached

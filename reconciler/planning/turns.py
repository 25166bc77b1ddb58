"""How many members a rolling change takes at once, and who goes together.

A member that has its turn is for a while without its volumes. So a turn of several always leaves a
member that serves each of them; only a turn of one may be of the last that does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import mount_subject
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.quantities import part_of
from reconciler.model.roles import listed_members, mounting_it
from reconciler.resources.mounts.moves import former_mounts
from reconciler.resources.mounts.readings import read_mounted

Serving = Mapping[str, frozenset[str]]


def take_turns(
    names: Sequence[str], cluster: Cluster, observed: Observed
) -> tuple[tuple[str, ...], ...]:
    """``names`` in their order, each in one turn of as many as the file allows at once."""
    most = part_of(cluster.max_unavailable, len(listed_members(cluster)))
    return split(names, most, serving(cluster, observed)) if names else ()


def split(names: Sequence[str], most: int, serves: Serving) -> tuple[tuple[str, ...], ...]:
    """Turns of at most ``most``; one of several never has all that serve a volume."""
    turns: list[list[str]] = []
    left: dict[str, int] = {}  # by label, who serves a volume and is not in the turn
    for name in names:
        mine = {label for label, hosts in serves.items() if name in hosts}
        full = not turns or len(turns[-1]) >= most
        if full or not all(left.values()) or any(left[label] == 1 for label in mine):
            turns.append([])
            left = {label: len(hosts) for label, hosts in serves.items() if hosts}
        turns[-1].append(name)
        for label in mine:
            left[label] -= 1
    return tuple(tuple(turn) for turn in turns)


def serving(cluster: Cluster, observed: Observed) -> Serving:
    """By label the members that have a volume mounted and keep it.

    Of a volume that nobody has mounted yet, all that are to mount it: an earlier step may do that.
    """
    reached = observed.answering_hosts()
    found: dict[str, frozenset[str]] = {}
    for volume in cluster.volumes:
        wanted = frozenset(mounting_it(cluster, volume)) & reached.keys()
        there = frozenset(name for name in wanted if _has(volume, reached[name]))
        found[volume.label] = there or wanted
    return found


def _has(volume: Volume, facts: HostFacts) -> bool:
    """Whether it is known to be mounted there, at its path or at one that it had.

    A host that no longer sees the device serves nothing, although the mount stands.
    """
    if any(isinstance(part, Unknown) for part in (facts.mounts, facts.wanted, facts.disks)):
        return False
    here = read_mounted(facts, mount_subject(volume)) == "mounted"
    return here or bool(former_mounts(volume, facts))

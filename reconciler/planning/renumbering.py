"""Who gets another number, address or port, and the order in which members do.

A kernel knows a node by them, so whoever moves has nothing mounted meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.model.desired import Cluster, Member
from reconciler.model.host_names import host_key
from reconciler.model.observed import Observed, Unknown
from reconciler.model.roles import (
    listed_members,
    restrict_to,
    staying,
    with_member_states,
    with_members,
)
from reconciler.planning.resolve.numbering import NodePlace, live_nodes
from reconciler.planning.turns import take_turns


def place_of(member: Member) -> NodePlace:
    """Number, address and port that the file wants."""
    return (member.number or 0, str(member.interconnect), member.port)


def moving_members(
    cluster: Cluster, observed: Observed, now: Mapping[str, NodePlace]
) -> list[Member]:
    """Who has to move with nothing mounted; ``now`` are the places by lower-case name.

    An idle member is one of them only if it wants what a mounted one has, or has what that wants.
    """
    changed = [
        m
        for m in listed_members(cluster)
        if now.get(host_key(m.name), place_of(m)) != place_of(m)
    ]
    moved = [m for m in changed if _mounts(observed, m.name)]
    return moved + [m for m in changed if m not in moved and _collides(m, moved, now)]


def turns_of(
    cluster: Cluster,
    observed: Observed,
    moved: Sequence[Member],
    now: Mapping[str, NodePlace],
) -> list[list[Member]]:
    """All at once if one wants what another has until that has moved; else turn after turn."""
    if _swapped(moved, now):
        return [list(moved)]
    order = {m.name: m for m in sorted(moved, key=place_of)}
    turns = take_turns(tuple(order), cluster, observed)
    return [[order[name] for name in turn] for turn in turns]


def _mounts(observed: Observed, name: str) -> bool:
    facts = observed.answering_hosts().get(name)
    return facts is not None and not isinstance(facts.mounts, Unknown) and bool(facts.mounts)


def _collides(member: Member, moved: Sequence[Member], now: Mapping[str, NodePlace]) -> bool:
    """Whether an idle member wants what a mounted one has, or has what that one wants."""
    mine, here = place_of(member), now[host_key(member.name)]
    pairs = [
        pair
        for other in moved
        for pair in ((mine, now[host_key(other.name)]), (here, place_of(other)))
    ]
    return any(_is_same_node(a, b) for a, b in pairs)


def _swapped(moved: Sequence[Member], now: Mapping[str, NodePlace]) -> bool:
    """Whether one is to have what another of them has until it has moved itself."""
    order = sorted(moved, key=place_of)
    for at, member in enumerate(order):
        later = [now[host_key(m.name)] for m in order[at + 1 :]]
        if any(_is_same_node(place_of(member), place) for place in later):
            return True
    return False


def _is_same_node(one: NodePlace, other: NodePlace) -> bool:
    """Whether a list cannot have both."""
    return one[0] == other[0] or one[1] == other[1]


def running_members(cluster: Cluster, observed: Observed) -> set[str]:
    """Who stays and has the cluster online."""
    reached = restrict_to(observed, staying(cluster)).answering_hosts()
    return {name for name, facts in reached.items() if live_nodes(cluster, facts)}


def without_moves(
    cluster: Cluster, observed: Observed, now: Mapping[str, NodePlace], moved: Sequence[Member]
) -> Cluster:
    """Who leaves has left; who is to move is where it is; nobody has joined yet.

    Who is to move, has nothing mounted and is not online is left out, and joins at its turn. So
    does who stays where, in a list of its own, one is that is to move: it was another cluster's.
    """
    names = {m.name for m in moved}
    runs = running_members(cluster, observed)
    away = {name for name in names if name not in runs}
    held = [now[host_key(name)] for name in names - away]
    away |= {
        m.name
        for m in listed_members(cluster)
        if m.name not in names and any(_is_same_node(place_of(m), place) for place in held)
    }
    kept = [
        _put(m, now[host_key(m.name)]) if m.name in names else m
        for m in cluster.members
        if m not in listed_members(cluster) or (host_key(m.name) in now and m.name not in away)
    ]
    idle = {name for name in names if not _mounts(observed, name)}
    return with_member_states(with_members(cluster, kept), dict.fromkeys(idle, "drained"))


def _put(member: Member, place: NodePlace) -> Member:
    number, ip, port = place
    update = {"number": number, "interconnect": type(member.interconnect)(ip), "port": port}
    return member.model_copy(update=update)

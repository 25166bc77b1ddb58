"""Node numbers: pinned, kept, or the lowest that is free."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from contextlib import suppress
from functools import lru_cache

from reconciler.model.desired import Cluster, Member
from reconciler.model.faulty_kernels import may_give_slot_zero_away
from reconciler.model.heartbeats import heartbeat_view, is_left
from reconciler.model.host_names import host_key, is_same_host
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, LiveNode, Observed, Unknown, listed_names
from reconciler.model.roles import (
    GONE,
    LISTED,
    confirmed_members,
    contacted_members,
    listed_members,
    restrict_to,
    with_members,
)
from reconciler.resources.cluster_conf.grammar import ConfInvalid, parse_conf
from reconciler.resources.quarantine.changes import quarantine_candidates, releasable
from reconciler.resources.quarantine.entries import known_members

# o2nm: O2NM_MAX_NODES is 255, numbers 0 to 254 (fs/ocfs2/cluster/ocfs2_nodemanager.h).
NUMBERS = range(255)
# A node as lists have it: number, address, port.
NodePlace = tuple[int, str, int]


def with_numbers(cluster: Cluster, observed: Observed) -> Cluster:
    """``cluster`` with a number for every listed member, in the file's order.

    Who is not listed has the number that it was last known by, if any.
    """
    held = {name: place[0] for name, place in places(cluster, observed).items()}
    was = {**{n: k.number for n, k in known_members(cluster, observed).items()}, **held}
    marked = heartbeats(cluster, observed) - {*held.values()}
    if cluster.numbering == "compact":
        given = _compact(cluster, held)
    else:
        kept = {*reserved_numbers(cluster, observed), *marked}
        given = _stable(cluster, held, was, kept, _shunned_numbers(cluster, observed))
    return with_members(cluster, [_numbered(m, given, was) for m in cluster.members])


def _numbered(member: Member, given: Mapping[str, int], was: Mapping[str, int]) -> Member:
    name = host_key(member.name)
    number = given[name] if member.role in LISTED else was.get(name)
    return member.model_copy(update={"number": number})


def _shunned_numbers(cluster: Cluster, observed: Observed) -> frozenset[int]:
    """0, where a kernel of the members may take the slot of node 0."""
    hosts = restrict_to(observed, {m.name for m in listed_members(cluster)})
    seen = [f.kernel for f in hosts.answering_hosts().values()]
    kernels = [kernel for kernel in seen if not isinstance(kernel, Unknown)]
    return frozenset({0}) if may_give_slot_zero_away(kernels) else frozenset()


def heartbeats(cluster: Cluster, observed: Observed) -> frozenset[int]:
    """Numbers whose blocks on the volumes are not those of a clean leave, and attested ones."""
    views = [heartbeat_view(cluster, volume, observed) for volume in cluster.volumes]
    left = {
        beat.node for v in views for beat in (v.beats if v else None) or () if is_left(beat)
    }
    return frozenset({*left, *(item.number for item in cluster.heartbeat.attested)})


def owned_numbers(cluster: Cluster, observed: Observed) -> frozenset[int]:
    """Numbers that the file's members have or had, by lists and by what members remember.

    What a host that joins says of itself does not count: it may run a cluster of its own.
    """
    names = {host_key(m.name) for m in cluster.members}
    inside = restrict_to(observed, confirmed_members(cluster, observed))
    held = {name: place[0] for name, place in places(cluster, inside).items()}
    was = {name: known.number for name, known in known_members(cluster, observed).items()}
    return frozenset(n for found in (held, was) for name, n in found.items() if name in names)


def reserved_numbers(cluster: Cluster, observed: Observed) -> Mapping[int, str]:
    """Numbers of hosts in quarantine, to names: one that returns beats under its own."""
    found = quarantine_candidates(cluster, observed)
    free = releasable(cluster, observed, found)
    return {entry.number: entry.name for entry in found if entry not in free}


def _compact(cluster: Cluster, held: Mapping[str, int]) -> Mapping[str, int]:
    """0 to n-1 in the order of the numbers held, newcomers last."""
    names = [host_key(member.name) for member in listed_members(cluster)]
    names.sort(key=lambda name: held.get(name, len(NUMBERS)))
    return {name: number for number, name in enumerate(names)}


def _stable(
    cluster: Cluster,
    held: Mapping[str, int],
    was: Mapping[str, int],
    reserved_numbers: Collection[int],
    shunned: Collection[int],
) -> Mapping[str, int]:
    """The pin, else the number held or had before, else the lowest that nobody holds.

    Who holds one that is ``shunned`` keeps it; nobody else gets it.
    """
    names = [host_key(member.name) for member in listed_members(cluster)]
    given = {
        host_key(m.name): m.number for m in listed_members(cluster) if m.number is not None
    }
    others = {held[name] for name in held if name not in names}
    taken = {*given.values(), *others, *reserved_numbers}
    for known_numbers in (held, was):  # whoever holds a number now goes first
        for name in names:
            if name not in given and known_numbers.get(name, -1) not in {-1, *taken}:
                given[name] = known_numbers[name]
                taken.add(given[name])
        taken.update(shunned)
    for name in names:
        if name not in given:
            given[name] = next(number for number in NUMBERS if number not in taken)
            taken.add(given[name])
    return given


@once_each()
def places(cluster: Cluster, observed: Observed) -> Mapping[str, NodePlace]:
    """By lower-case name the place that each node has now, on whatever list.

    What a kernel says of its own host counts most, then what others' kernels say, then files.
    """
    found: dict[str, NodePlace] = {}
    names = {m.name for m in contacted_members(cluster) if m.role != GONE}
    asked = restrict_to(observed, names).answering_hosts().values()
    for source in (_own, _others, _filed):
        for facts in asked:
            for name, place in source(cluster, facts, found.keys()):
                found.setdefault(_member_key(cluster, name), place)
    return found


def _member_key(cluster: Cluster, name: str) -> str:
    """The key of a node's name; of one with a domain that of the member, if it is one."""
    names = [m.name for m in cluster.members] if "." in name else []
    return host_key(next((known for known in names if is_same_host(known, name)), name))


def live_nodes(cluster: Cluster, facts: HostFacts) -> tuple[LiveNode, ...]:
    """The nodes that a host's kernel has of the cluster."""
    if isinstance(facts.live, Unknown):
        return ()
    return facts.live.nodes(cluster.name)


def _own(
    cluster: Cluster, facts: HostFacts, _known: Set[str]
) -> Iterator[tuple[str, NodePlace]]:
    return ((n.name, (n.number, n.ip, n.port)) for n in live_nodes(cluster, facts) if n.local)


def _others(
    cluster: Cluster, facts: HostFacts, known: Set[str]
) -> Iterator[tuple[str, NodePlace]]:
    """What a kernel says of whom nobody has told of so far."""
    nodes = live_nodes(cluster, facts)
    if not listed_names(nodes) <= known:
        yield from ((n.name, (n.number, n.ip, n.port)) for n in nodes)


def _filed(
    cluster: Cluster, facts: HostFacts, known: Set[str]
) -> Iterator[tuple[str, NodePlace]]:
    """As `_others`, of cluster.conf."""
    if not isinstance(facts.cluster_conf, Unknown) and not (
        _filed_names(facts.cluster_conf.text or "", cluster.name) <= known
    ):
        yield from conf_places(cluster, facts)


@lru_cache(256)
def _filed_names(text: str, cluster: str) -> frozenset[str]:
    try:
        nodes = parse_conf(text).nodes
    except ConfInvalid:
        return frozenset()
    return frozenset(host_key(node.name) for node in nodes if node.cluster == cluster)


def conf_places(cluster: Cluster, facts: HostFacts) -> Iterator[tuple[str, NodePlace]]:
    """The nodes that a host's cluster.conf has of the cluster."""
    if isinstance(facts.cluster_conf, Unknown) or not facts.cluster_conf.text:
        return
    with suppress(ConfInvalid):  # refused or repaired elsewhere
        for node in parse_conf(facts.cluster_conf.text).nodes:
            if node.cluster == cluster.name:
                yield node.name, (node.number, node.ip, node.port)

"""Node numbers: pinned, kept, or the lowest that is free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.resources.cluster_conf.grammar import ConfInvalid, parse_conf

# o2nm: O2NM_MAX_NODES is 255, numbers 0 to 254 (fs/ocfs2/cluster/ocfs2_nodemanager.h).
NUMBERS = range(255)


def numbered(cluster: Cluster, observed: Observed) -> Cluster:
    """``cluster`` with a number for every member, in the file's order."""
    held = _held(cluster, observed)
    given = (
        _compact(cluster, held) if cluster.numbering == "compact" else _stable(cluster, held)
    )
    members = tuple(
        member.model_copy(update={"number": given[member.name.lower()]})
        for member in cluster.members
    )
    return cluster.model_copy(update={"members": members})


def _compact(cluster: Cluster, held: Mapping[str, int]) -> Mapping[str, int]:
    """0 to n-1 in the order of the numbers held, newcomers last."""
    names = [member.name.lower() for member in cluster.members]
    names.sort(key=lambda name: held.get(name, len(NUMBERS)))
    return {name: number for number, name in enumerate(names)}


def _stable(cluster: Cluster, held: Mapping[str, int]) -> Mapping[str, int]:
    """The pin, else the number held, else the lowest that nobody holds."""
    names = [member.name.lower() for member in cluster.members]
    given = {m.name.lower(): m.number for m in cluster.members if m.number is not None}
    taken = {*given.values(), *(held[name] for name in held if name not in names)}
    for name in names:
        if name not in given and held.get(name, -1) not in {-1, *taken}:
            given[name] = held[name]
            taken.add(held[name])
    for name in names:
        if name not in given:
            given[name] = next(number for number in NUMBERS if number not in taken)
            taken.add(given[name])
    return given


def _held(cluster: Cluster, observed: Observed) -> Mapping[str, int]:
    """Numbers by lower-case name, as running kernels and files have them; kernels win."""
    held: dict[str, int] = {}
    for nodes in (_live_numbers, _file_numbers):
        for facts in observed.reached().values():
            for name, number in nodes(cluster, facts):
                held.setdefault(name.lower(), number)
    return held


def _live_numbers(cluster: Cluster, facts: HostFacts) -> Iterator[tuple[str, int]]:
    if not isinstance(facts.live, Unknown):
        for live in facts.live.clusters:
            if live.name == cluster.name:
                yield from ((node.name, node.number) for node in live.nodes)


def _file_numbers(cluster: Cluster, facts: HostFacts) -> Iterator[tuple[str, int]]:
    if isinstance(facts.cluster_conf, Unknown) or not facts.cluster_conf.text:
        return
    with suppress(ConfInvalid):  # refused by name elsewhere
        nodes = parse_conf(facts.cluster_conf.text).nodes
        yield from ((node.name, node.number) for node in nodes if node.cluster == cluster.name)

"""A directed acyclic graph of names; it knows nothing of what the names stand for."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping

Graph = Mapping[str, frozenset[str]]


def order(graph: Graph) -> tuple[str, ...]:
    """The nodes with each after its needs, in the graph's own order where that is free.

    Raises graphlib.CycleError, whose second argument names the cycle.
    """
    sorter = graphlib.TopologicalSorter(graph)
    sorter.prepare()
    place = {node: number for number, node in enumerate(graph)}
    result: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=place.__getitem__)
        node = ready.pop(0)
        result.append(node)
        sorter.done(node)
    return tuple(result)


def reduce(graph: Graph) -> Graph:
    """The same order with the fewest edges (transitive reduction)."""
    reach: dict[str, frozenset[str]] = {}
    reduced: dict[str, frozenset[str]] = {}
    for node in order(graph):
        needs = graph.get(node, frozenset())
        indirect: frozenset[str] = frozenset().union(*(reach[need] for need in needs))
        reduced[node] = needs - indirect
        reach[node] = needs | indirect
    return {node: reduced[node] for node in graph}


def find_reached(graph: Graph, chosen: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """Of each node, what of ``chosen`` it is or needs; one walk where needs stand before."""
    found: dict[str, frozenset[str]] = {}
    for node, needs in graph.items():
        if all(need in found or need not in graph for need in needs):
            below = (found[need] for need in needs if need in found)
            found[node] = (chosen & {node}).union(*below)
        else:
            found[node] = chosen & closure(graph, frozenset({node}))
    return found


def closure(graph: Graph, chosen: frozenset[str]) -> frozenset[str]:
    """``chosen`` and everything that it needs."""
    todo, found = list(chosen), set(chosen)
    while todo:
        for need in graph.get(todo.pop(), frozenset()) - found:
            found.add(need)
            todo.append(need)
    return frozenset(found)

"""What is the same but for the names of hosts and runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product

from tests.model.lock_model import Host, Moves, Run

# All hosts, then all runs, in another order.
Names = tuple[str, ...]


def symmetries(moves: Moves) -> Iterator[Names]:
    """The orders in which each run has the hosts that it had."""
    for hosts, runs in product(permutations(moves.names), permutations(moves.runs)):
        name = dict(zip((*moves.names, *moves.runs), (*hosts, *runs), strict=True))
        if all(
            {name[host] for host in hosts} == set(moves.lists[name[run]])
            for run, hosts in moves.lists.items()
        ):
            yield (*hosts, *runs)


def renamed(value: Host | Run, moves: Moves, names: Names) -> Host | Run:
    """The value as it is when hosts and runs have these names."""
    name = dict(zip((*moves.names, *moves.runs, ""), (*names, ""), strict=True))

    def of(hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(name[host] for host in hosts))

    if isinstance(value, Host):
        lease = replace(value.lease, run=name[value.lease.run], hosts=of(value.lease.hosts))
        return Host(lease, name[value.running], value.begun)
    tokens = tuple(value.tokens[names.index(host)] for host in moves.names)
    passed, took = of(value.passed), of(value.took)
    short = of(value.short)
    return Run(of(value.hosts), tokens, value.phase, passed, took, value.dirty, short)

"""What forbids any healing now, as the hosts tell it: unread, paused, at work, not agreed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields

from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.roles import confirmed_members, contacted_members
from reconciler.planning.checks.pauses import pauses, words
from reconciler.planning.review.drift import applied_records
from reconciler.resources.workloads.obligations import (
    StoppedWorkloads,
    forgotten_workloads,
    obligations,
)

SECTIONS = tuple(field.name for field in fields(HostFacts))


def unread_words(cluster: Cluster, observed: Observed) -> str:
    """Which members, or hosts of their storage, were not read whole; empty if all were."""
    asked = [member.name for member in contacted_members(cluster)]
    every = {**observed.storage, **{name: observed.hosts.get(name) for name in asked}}
    return "; ".join(
        words for host, facts in every.items() for words in _unread(host, facts, asked)
    )


def _unread(host: str, facts: object, members: Sequence[str]) -> Iterator[str]:
    if not isinstance(facts, HostFacts):
        yield f"{host} does not answer"
    elif host in members:
        gaps = [name for name in SECTIONS if isinstance(getattr(facts, name), Unknown)]
        if gaps:
            yield f"{host}: {', '.join(gaps)} could not be read"


def pause_words(observed: Observed) -> str:
    """Which pauses hold, on which hosts."""
    found = pauses(observed.answering_hosts())
    return "; ".join(f"{words(pause)}: {', '.join(on)}" for pause, on in found.items())


def held_lease(observed: Observed, own: Collection[str] = ()) -> str:
    """Which runs hold a lease, or still have something running, on which hosts.

    One of the ``own`` counts only while something of it runs. One that has expired counts: its run
    has not come to its end, and whoever began it may want to.
    """
    runs: dict[str, list[str]] = {}
    for host, facts in (*observed.answering_hosts().items(), *_storage(observed)):
        for lease in () if isinstance(facts.leases, Unknown) else facts.leases:
            if lease.running or lease.run not in own:
                runs.setdefault(lease.run or "a run that is gone", []).append(host)
    return "; ".join(f"{run} on {', '.join(hosts)}" for run, hosts in runs.items())


def _storage(observed: Observed) -> Iterator[tuple[str, HostFacts]]:
    for host, facts in observed.storage.items():
        if isinstance(facts, HostFacts):
            yield host, facts


def unfinished_work(cluster: Cluster, observed: Observed) -> str:
    """What a run stopped on hosts and has not given back."""
    return "; ".join(
        f"{host} is owed {owed.words}"
        for host, facts in observed.answering_hosts().items()
        if not isinstance(facts.records, Unknown)
        for owed in (obligations(cluster, facts), forgotten_workloads(cluster, facts))
        if owed != StoppedWorkloads()
    )


def record_gaps(cluster: Cluster, observed: Observed) -> str:
    """Whether all members remember the same last applied state; empty if they do."""
    texts = applied_records(cluster, observed)
    if not texts:
        return "no member remembers an apply"
    if short := [name for name in confirmed_members(cluster, observed) if name not in texts]:
        return f"no record of the last apply on {', '.join(short)}"
    if len(set(texts.values())) > 1:
        return "the members remember different last applied states"
    return ""

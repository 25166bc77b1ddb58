"""What a run holds, for whoever is about to take it away: who it is, how old, what still runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.documents import Json
from reconciler.model.observed import Lease, Observed, Unknown
from reconciler.model.refusals import format_unread
from reconciler.reports.status_leases import holder_document
from reconciler.reports.status_text import holder_words, runs_words

Line = tuple[str, str]
BEGUN: Mapping[str, str] = {
    "now": "began {action}",
    "before": "began {action} before it booted: whether that was done is unknown",
    "": "began nothing",
}


def leases_of(observed: Observed, run: str) -> tuple[tuple[str, Lease], ...]:
    """The run's leases with their hosts."""
    return tuple(
        (host, lease)
        for host, facts in observed.answering_hosts().items()
        for lease in (() if isinstance(facts.leases, Unknown) else facts.leases)
        if lease.run == run
    )


def unread(observed: Observed) -> dict[str, str]:
    """The hosts whose leases are not known, and why."""
    found = {
        item.host: format_unread(item.host, item.code, item.message)
        for item in observed.unreachable()
    }
    for host, facts in observed.answering_hosts().items():
        if isinstance(facts.leases, Unknown):
            found[host] = f"its lease could not be read: {facts.leases.reason}"
    return found


def elsewhere(leases: Sequence[tuple[str, Lease]], asked: Sequence[str]) -> tuple[str, ...]:
    """Hosts that the run took, too, and that the file does not name."""
    names = {place.partition(":")[0] for _host, lease in leases for place in lease.hosts}
    return tuple(sorted(names - {name.rpartition("/")[2] for name in asked}))


def runs(observed: Observed) -> dict[str, tuple[str, list[str]]]:
    """Every run that holds a lease: who it is, and on which hosts."""
    found: dict[str, tuple[str, list[str]]] = {}
    for host, facts in observed.answering_hosts().items():
        for lease in () if isinstance(facts.leases, Unknown) else facts.leases:
            if lease.run:
                who = holder_words(holder_document(lease.holder))
                found.setdefault(lease.run, (who, []))[1].append(host)
    return found


def held_lines(
    run: str, leases: Sequence[tuple[str, Lease]], detail: int = 0
) -> Iterator[Line]:
    """Holder and age, then a line a host: what it began last, and what still runs."""
    who = dict.fromkeys(holder_words(holder_document(lease.holder)) for _host, lease in leases)
    ages = [round(lease.age) for _host, lease in leases]
    age = f", renewed {min(ages)} s ago" if ages else ""
    yield "title", f"run {run}{' of ' if who else ''}{', '.join(who)}{age}"
    for host, lease in leases:
        words = [BEGUN[lease.begun].format(action=lease.action)]
        words += [f"step {lease.step}, renewed {round(lease.age)} s ago"] if detail else []
        words += ["starts nothing more"] if lease.sealed else []
        words += [
            f"still runs {runs_words(lease.running)}" if lease.running else "runs nothing"
        ]
        scope = "" if lease.scope == "-" else f" (for {lease.scope})"
        yield "bad" if lease.running else "", f"  {host}{scope}: {'; '.join(words)}"


def held_document(leases: Sequence[tuple[str, Lease]]) -> list[Json]:
    """The same for a program."""
    return [
        {
            "host": host,
            "scope": None if lease.scope == "-" else lease.scope,
            "holder": holder_document(lease.holder),
            "age": lease.age,
            "sealed": lease.sealed,
            "step": lease.step,
            "action": lease.action or None,
            "begun": lease.begun or None,
            "running": lease.running or None,
            "with": list(lease.hosts),
        }
        for host, lease in leases
    ]

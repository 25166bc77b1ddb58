"""Pauses: what an operator wants nothing to be done on; and hosts that do not tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from reconciler.model.addresses import cluster_address, member_address
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Pause, Unknown
from reconciler.model.outcome import Blocked
from reconciler.model.roles import involved_members, restrict_to


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse while a host is paused, or does not tell whether it is, or who may act there."""
    hosts = restrict_to(observed, involved_members(cluster)).answering_hosts()
    for host, facts in hosts.items():
        yield from _untold(host, facts)
    paused = pauses(hosts)
    for pause, on in paused.items():
        whole = set(on) == set(hosts) and pause.cluster == cluster.name
        names = [cluster.name] if whole else on
        yield Blocked(
            "paused",
            cluster_address(cluster.name) if whole else member_address(on[0]),
            f"{words(pause)}: {', '.join(on)}",
            f"{_resuming(names)}, when {pause.by} agrees; then plan again",
        )


def _resuming(names: Sequence[str]) -> str:
    return ", ".join(f"reconcile resume {name} FILE" for name in names)


def pauses(hosts: Mapping[str, HostFacts]) -> dict[Pause, list[str]]:
    """Every pause that holds, with the hosts on which it does; a moment apart is the same one."""
    found: dict[tuple[object, ...], tuple[Pause, list[str]]] = {}
    for host, facts in hosts.items():
        for pause in () if isinstance(facts.pauses, Unknown) else facts.pauses:
            key = (pause.cluster, pause.reason, pause.by, pause.until)
            found.setdefault(key, (pause, []))[1].append(host)
    return dict(found.values())


def words(pause: Pause) -> str:
    """Who paused it, when, until when, and why."""
    until = f"until {moment(pause.until)}" if pause.until is not None else "until it is resumed"
    return f"paused by {pause.by} since {moment(pause.since)}, {until} ({pause.reason})"


def moment(seconds: int) -> str:
    """Seconds since 1970 as a time of ISO 8601; as they are where no calendar has them."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"


def _untold(host: str, facts: HostFacts) -> Iterator[Blocked]:
    sections: Sequence[tuple[str, object, str]] = (
        (
            "leases",
            facts.leases,
            "reconcile unlock garbled FILE: it frees what nobody can read",
        ),
        ("pauses", facts.pauses, f"reconcile resume {host} FILE, when all agree"),
    )
    for name, value, remedy in sections:
        if isinstance(value, Unknown):
            yield Blocked(
                "lease-garbled",
                member_address(host),
                f"its {name} could not be read: {value.reason}; who may act there is unknown",
                f"look at /var/lib/reconcile on {host}; then {remedy}; then plan again",
            )

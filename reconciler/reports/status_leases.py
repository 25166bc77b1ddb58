"""Who may act on the hosts now: leases, what still runs of them, and pauses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from reconciler.gate.lease_decision import EXPIRY
from reconciler.model.documents import Json
from reconciler.model.observed import Lease, Observed, Unknown
from reconciler.planning.checks.pauses import pauses

UNKNOWN = "unknown"


def leases(observed: Observed) -> list[Json]:
    """Runs that hold a lease, or of which something still runs, with the hosts where they do."""
    runs: dict[tuple[str, str], list[tuple[str, Lease]]] = {}
    for host, facts in observed.answering_hosts().items():
        for lease in () if isinstance(facts.leases, Unknown) else facts.leases:
            runs.setdefault((lease.run, lease.holder), []).append((host, lease))
    return [
        {
            "run": run or None,
            "holder": holder_document(holder) if run else None,
            "hosts": [host for host, _lease in seen],
            "age": min(lease.age for _host, lease in seen),
            "expired": all(lease.age > EXPIRY for _host, lease in seen),
            "ended": all(lease.sealed for _host, lease in seen),
            "began": {host: lease.action for host, lease in seen if lease.action},
            "running": {host: lease.running for host, lease in seen if lease.running},
        }
        for (run, holder), seen in runs.items()
    ]


def state_of_work(unfinished: Sequence[Json], held: Sequence[Json]) -> str:
    """``at-work`` while a run holds its leases, ``unfinished`` after one that left something."""
    if any(item["run"] and not item["ended"] and not item["expired"] for item in held):
        return "at-work"
    cut_off = any(not item["ended"] or item["running"] for item in held)
    return "unfinished" if unfinished or cut_off else "healthy"


def list_pauses(observed: Observed) -> list[Json]:
    """What an operator wants nothing to be done on, and what does not tell."""
    found: list[Json] = [
        {"hosts": hosts, **asdict(pause)}
        for pause, hosts in pauses(observed.answering_hosts()).items()
    ]
    unread = {
        host: facts.pauses.reason
        for host, facts in observed.answering_hosts().items()
        if isinstance(facts.pauses, Unknown)
    }
    return [*found, *({"hosts": [host], "unknown": why} for host, why in unread.items())]


def holder_document(text: str) -> Json:
    """Who took a lease, as its text says; ``user`` is the text where that is none of ours."""
    try:
        who = json.loads(text)
        return {key: who[key] for key in ("user", "controller", "pid")}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {"user": text[:80], "controller": UNKNOWN, "pid": None}

"""What is kept of a round, and how bad it says that a cluster is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from reconciler.model.addresses import cluster_address, names_host
from reconciler.model.watched import ROUND_FAILED, DriftIdentity, DriftReading, Reading, Round
from reconciler.planning.review.drift import Item
from reconciler.planning.review.severity import consequence
from reconciler.watch.result import RoundResult

# How bad a cluster is, the worst last.
STATES = ("converged", "unknown", "paused", "drifted", "degraded", "blocked", "unreachable")


def assess_round(result: RoundResult) -> Round:
    """Conditions, differences and sizes of a round that did not fail."""
    subject = cluster_address(result.cluster)
    state = _state([one for one in result.readings if one.subject == subject])
    return Round(
        rank=STATES.index(state),
        state=state,
        digest=result.plan_id,
        readings=result.readings,
        drift=tuple(_difference(item) for item in result.drift),
        unread=_unread_hosts(result),
        sizes=tuple(_sizes(result)),
    )


def failed_round(cluster: str, words: str) -> Round:
    """A round that found nothing out: whether all is as it should be nobody knows any more."""
    converged = Reading(cluster_address(cluster), "Converged", "Unknown", ROUND_FAILED, words)
    return Round(STATES.index("unknown"), "unknown", "", (converged,), is_whole=False)


def _state(readings: Sequence[Reading]) -> str:
    true = {one.kind.lower() for one in readings if one.status == "True"}
    unknown = {"unknown"} if any(one.status == "Unknown" for one in readings) else set()
    return max((true | unknown) & {*STATES}, key=STATES.index, default="unknown")


def _difference(item: Item) -> DriftReading:
    identity = DriftIdentity(item.host, item.address, item.truth, item.kind, item.code)
    expected, actual = (json.dumps(v, default=str) for v in (item.expected, item.actual))
    severity = consequence(item).severity
    return DriftReading(identity, severity, item.because, expected, actual, item.origin)


def _unread_hosts(result: RoundResult) -> frozenset[str]:
    """Hosts of which something was not read: of them nothing is gone because it was not found."""
    lost = {one.host for one in result.unreachable}
    return frozenset(
        host
        for host in result.hosts
        if host in lost or any(names_host(one.subject, host) for one in result.unread)
    )


def _sizes(result: RoundResult) -> Iterator[tuple[str, int, int]]:
    for volume in result.status["volumes"] if result.status else ():
        if volume["size"] is not None and volume["used"] is not None:
            yield volume["label"], volume["size"], volume["used"]

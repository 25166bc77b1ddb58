"""What a round says of a cluster and its members, as conditions; and how bad that is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from reconciler.model.addresses import cluster_address, member_address
from reconciler.model.watched import (
    ConditionKind,
    ConditionStatus,
    DriftIdentity,
    DriftReading,
    Reading,
    Round,
)
from reconciler.planning.review.drift import TRUTHS, Item
from reconciler.watch.result import RoundResult

# Until severities are told apart.
SEVERITY = "unrated"
# How bad a cluster is, the worst last.
STATES = ("converged", "unknown", "paused", "drifted", "degraded", "blocked", "unreachable")
FAILED = "round-failed"


def assess_round(result: RoundResult) -> Round:
    """Conditions, differences and sizes of a round that did not fail."""
    readings = (*_of_cluster(result), *_of_members(result))
    state = _state(readings)
    return Round(
        rank=STATES.index(state),
        state=state,
        digest=result.plan_id,
        readings=readings,
        drift=tuple(_difference(item) for item in result.drift),
        unread=_unread_hosts(result),
        sizes=tuple(_sizes(result)),
    )


def failed_round(cluster: str, words: str) -> Round:
    """A round that found nothing out: whether all is as it should be nobody knows any more."""
    converged = Reading(cluster_address(cluster), "Converged", "Unknown", FAILED, words)
    return Round(STATES.index("unknown"), "unknown", "", (converged,), is_whole=False)


def _reading(
    subject: str, kind: ConditionKind, why: tuple[str, str] | None, otherwise: str
) -> Reading:
    """True for a reason, with its message; else False, ``otherwise``."""
    status: ConditionStatus = "True" if why else "False"
    return Reading(subject, kind, status, *(why or (otherwise, "")))


def _of_cluster(result: RoundResult) -> Iterator[Reading]:
    subject = cluster_address(result.cluster)
    yield _converged(result, subject)
    drift = (
        (result.drift[0].kind, _count(len(result.drift), "difference"))
        if result.drift
        else None
    )
    yield _reading(subject, "Drifted", drift, "no-difference")
    refused = [b for b in result.blocked if b.code not in TRUTHS]
    blocked = (
        (refused[0].code, f"{refused[0].subject}: {refused[0].message}") if refused else None
    )
    yield _reading(subject, "Blocked", blocked, "not-refused")
    told = result.status["paused"] if result.status else []
    pauses = [pause for pause in told if "unknown" not in pause]
    yield _reading(subject, "Paused", _pause(pauses[0]) if pauses else None, "not-paused")
    problems = result.status["problems"] if result.status else []
    yield _reading(subject, "Degraded", _problem(problems[0]) if problems else None, "well")


def _converged(result: RoundResult, subject: str) -> Reading:
    if result.drift or result.steps:
        words = _count(len(result.steps), "action")
        return Reading(subject, "Converged", "False", "plan-not-empty", f"a plan has {words}")
    if result.unread or result.unreachable:
        return Reading(subject, "Converged", "Unknown", "not-all-read", "not all could be read")
    return Reading(subject, "Converged", "True", "as-the-file-says", "")


def _pause(pause: Any) -> tuple[str, str]:
    return "paused", f"{pause['by']}: {pause['reason']}"


def _problem(problem: Any) -> tuple[str, str]:
    hosts = ", ".join(problem["hosts"])
    return "unwell", f"{problem['what']}: {hosts}" if hosts else problem["what"]


def _of_members(result: RoundResult) -> Iterator[Reading]:
    lost = {one.host: (one.code, one.message) for one in result.unreachable}
    for host in result.hosts:
        yield _reading(member_address(host), "Unreachable", lost.get(host), "answers")


def _state(readings: tuple[Reading, ...]) -> str:
    true = {one.kind.lower() for one in readings if one.status == "True"}
    unknown = {"unknown"} if any(one.status == "Unknown" for one in readings) else set()
    return max((true | unknown) & {*STATES}, key=STATES.index, default="unknown")


def _difference(item: Item) -> DriftReading:
    identity = DriftIdentity(item.host, item.address, item.truth, item.kind, item.code)
    expected, actual = (json.dumps(v, default=str) for v in (item.expected, item.actual))
    return DriftReading(identity, SEVERITY, item.because, expected, actual)


def _unread_hosts(result: RoundResult) -> frozenset[str]:
    """Hosts of which something was not read: of them nothing is gone because it was not found."""
    words = {part for one in result.unread for part in one.subject.split("/")}
    lost = {one.host for one in result.unreachable}
    return frozenset(host for host in result.hosts if host in lost or host in words)


def _sizes(result: RoundResult) -> Iterator[tuple[str, int, int]]:
    for volume in result.status["volumes"] if result.status else ():
        if volume["size"] is not None and volume["used"] is not None:
            yield volume["label"], volume["size"], volume["used"]


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

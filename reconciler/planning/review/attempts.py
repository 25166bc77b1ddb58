"""What the last run failed at is not offered again without a word.

A plan is made from what hosts have, so an action that failed is simply due again. Whoever approves
it is told that it was tried, when, and what was said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.frozen import frozen
from reconciler.model.outcome import Finding
from reconciler.model.plan import Action, ClusterPlan, Plan

# Of what was said so many characters are told; the run's record has all of it.
MOST = 400


@frozen
class Attempt:
    """An action that failed in a run; ``when`` is a time for people, ``said`` why it failed."""

    run: str
    when: str
    said: str


# By cluster, then by the id of the action.
Attempts = Mapping[str, Mapping[str, Attempt]]


def with_attempts(plan: Plan, failed: Attempts) -> Plan:
    """The plan, with what the last run of each cluster failed at and what is still to be done.

    Neither the actions nor the id change: they are of the hosts alone.
    """
    clusters = tuple(_told(cluster, failed.get(cluster.name, {})) for cluster in plan.clusters)
    return replace(plan, clusters=clusters)


def _told(plan: ClusterPlan, failed: Mapping[str, Attempt]) -> ClusterPlan:
    found = [(action, failed[action.id]) for action in plan.actions if action.id in failed]
    again = tuple(_finding(plan.name, *pair) for pair in found)
    return replace(plan, findings=(*again, *plan.findings))


def _finding(cluster: str, action: Action, tried: Attempt) -> Finding:
    return Finding(
        "failed-before",
        action.address,
        f'{action.host or cluster}: "{action.summary}" was tried at {tried.when}, and failed: '
        f"{_abridged(tried.said)}",
        f"end the cause first; reconcile show {tried.run} has the whole output. Unchanged, it "
        "fails again",
    )


def _abridged(said: str) -> str:
    words = "; ".join(line.strip() for line in said.splitlines() if line.strip())
    return words if len(words) <= MOST else f"{words[:MOST]} ..."


def failures(run: str, lines: Sequence[Mapping[str, object]]) -> Attempts:
    """What a run failed at, by the lines of its record; a cluster in which it began nothing is
    not in it, one in which all went well has no failures."""
    found: dict[str, dict[str, Attempt]] = {}
    for line in lines:
        cluster, action = str(line.get("cluster")), str(line.get("action"))
        if line.get("event") == "action-started":
            found.setdefault(cluster, {})
        elif line.get("event") == "action-failed":
            attempt = Attempt(run, _clock(str(line.get("time"))), str(line.get("message")))
            found.setdefault(cluster, {})[action] = attempt
    return found


def _clock(time: str) -> str:
    """The record's time, which is UTC, to the minute."""
    return f"{time[:10]} {time[11:16]} UTC"

"""What an approval of a cluster's plan covers, kept so that it is decided without a guess later.

A plan is made anew before it is carried out, and again by whoever goes on with one that was cut
off. What remains then is a part of what was approved, or it is not carried out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.frozen import frozen
from reconciler.model.plain import to_plain
from reconciler.model.plan import Action, Outage, Plan, Risk
from reconciler.planning.review.digest import action_digest

# The fields of an approved action, as a look keeps them of each step of a plan.
KEPT = ("id", "kind", "host", "address", "risk", "device", "digest")


@frozen
class ApprovedAction:
    """An action as it was approved; ``digest`` is of all that it does, and to what."""

    id: str
    kind: str
    host: str
    address: str
    risk: Risk
    device: str
    digest: str

    @property
    def content(self) -> tuple[str, ...]:
        """What it is, whatever its number among its like."""
        return (self.kind, self.host, self.risk, self.device, self.digest)


@frozen
class ApprovedPlan:
    """The plan of one cluster as it was approved; ``devices`` may be formatted.

    ``outages`` are in plain values, without what passes. ``machines`` has each host that answered,
    with its mark (``model.machine_marks``).
    """

    id: str
    actions: tuple[ApprovedAction, ...]
    outages: tuple[Any, ...] = ()
    devices: frozenset[str] = frozenset()
    machines: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """Actions, outages and machines as they are stored."""
        plain: dict[str, Any] = {"actions": to_plain(self.actions), "outages": self.outages}
        plain["machines"] = self.machines
        return json.dumps(plain, separators=(",", ":"))


def read_approved(plan: str, actions: str, devices: str) -> ApprovedPlan:
    """The plan of that id whose ``text`` was stored, and a list of devices in JSON."""
    found = json.loads(actions)
    approved = tuple(ApprovedAction(**action) for action in found["actions"])
    accepted = frozenset(json.loads(devices))
    return ApprovedPlan(plan, approved, tuple(found["outages"]), accepted, _machines(found))


def read_found(plan: Mapping[str, Any]) -> ApprovedPlan:
    """The plan that a look has found, by the document of it, as it would be approved.

    Raises KeyError for a document of a version that did not keep what an approval covers.
    """
    actions = tuple(
        ApprovedAction(**{name: step[name] for name in KEPT}) for step in plan["steps"]
    )
    return ApprovedPlan(
        plan["plan_id"], actions, tuple(plan["outages"]), machines=_machines(plan)
    )


def _machines(found: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """None where an older version kept it: then it is not known."""
    return tuple((host, mark) for host, mark in found.get("machines", ()))


def approve(action: Action) -> ApprovedAction:
    """An action as an approval covers it."""
    digest = action_digest(action)
    return ApprovedAction(
        action.id,
        action.kind,
        action.host,
        action.address,
        action.risk,
        action.device,
        digest,
    )


def lasting(outages: Sequence[Outage]) -> tuple[Any, ...]:
    """Outages in plain values: neither the processes of the moment nor estimates."""
    return tuple(
        {
            "hosts": list(one.hosts),
            "volumes": list(one.volumes),
            "workloads": list(one.workloads),
            "because": one.because,
        }
        for one in outages
    )


def objections(approved: ApprovedPlan, plan: Plan, *, is_begun: bool) -> tuple[str, ...]:
    """Why ``plan``, of one cluster, is not covered by what was approved; empty if it is.

    It is covered if it is the same, and, once it ``is_begun``, if it is a rest of it that formats
    nothing. Where nothing is to be done, nothing needs an approval.
    """
    (cluster,) = plan.clusters
    now = tuple(approve(action) for action in cluster.actions)
    is_same = now == approved.actions and lasting(cluster.outages) == approved.outages
    if plan.id == approved.id or is_same or not now:
        return tuple(_unaccepted(approved, now))
    if is_begun:
        return tuple(_beyond(approved, now))
    return tuple(_changes(approved, now)) or ("what it takes out of use is another",)


def strangers(approved: ApprovedPlan, machines: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Hosts that are other machines than those that were approved, as where a file leads to others by
    the same names; ``machines`` are those that answer now."""
    known = dict(approved.machines)
    return tuple(
        f"{host} is another machine"
        for host, mark in machines
        if host in known and known[host] != mark
    )


def _unaccepted(approved: ApprovedPlan, now: Sequence[ApprovedAction]) -> Iterator[str]:
    for action in now:
        if action.risk == "data" and action.device not in approved.devices:
            yield f"{action.id} formats {action.device}, and that was not accepted"


def _beyond(approved: ApprovedPlan, now: Sequence[ApprovedAction]) -> Iterator[str]:
    known = {action.content for action in approved.actions}
    for action in now:
        if action.content not in known:
            yield f"{action.id} is not among the actions that were approved"
        elif action.risk == "data":
            yield f"{action.id} formats {action.device}, and what goes on formats nothing"


def _changes(approved: ApprovedPlan, now: Sequence[ApprovedAction]) -> Iterator[str]:
    """By id: what is new, what does something else, what is gone, what has another place."""
    before = {action.id: action for action in approved.actions}
    after = {action.id for action in now}
    for action in now:
        if action.id not in before:
            yield f"{action.id} is new"
        elif before[action.id] != action:
            yield f"{action.id} does something else"
    yield from (f"{action.id} is gone" for action in approved.actions if action.id not in after)
    if [action.id for action in now] != [action.id for action in approved.actions]:
        yield "the order is another"

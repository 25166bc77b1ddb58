"""Hosts that could not be asked: what that means depends on what they are to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.model.addresses import member_address
from reconciler.model.desired import Cluster
from reconciler.model.host_names import host_key
from reconciler.model.observed import Observed, Unreachable
from reconciler.model.outcome import Blocked, refuse_unreachable
from reconciler.model.roles import leaving, with_members
from reconciler.planning.resolve.removed import removed_members

# Who attests that a member is off lets the others go on without it.
WAY_OUT = (
    "make {} reachable over ssh, or, if it is off, give it state: offline with attested; then run "
    "it again"
)


def _is_off(item: Unreachable) -> bool:
    """Whether it may be off, as far as is seen: nothing answers there."""
    return item.code == "host-unreachable"


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse while a member does not answer; one that left only if it is known somewhere."""
    leavers = leaving(cluster)
    without = with_members(cluster, [m for m in cluster.members if m.name not in leavers])
    remembered = {host_key(m.name) for m in removed_members(without, observed)}
    for item in observed.unreachable():
        # Of a host that nobody asked it is not known whether it answers.
        if item.host not in leavers or item.code == "not-observed":
            refusal = refuse_unreachable(item.host, item.code, item.message)
            yield (
                replace(refusal, remedy=WAY_OUT.format(item.host)) if _is_off(item) else refusal
            )
        elif host_key(item.host) in remembered:
            yield Blocked(
                item.code,
                member_address(item.host),
                f"{item.message}; {item.host} shall leave, and may have volumes mounted",
                f"make {item.host} reachable over ssh; if it is powered off for good, say so: "
                "state: dead with attested",
            )

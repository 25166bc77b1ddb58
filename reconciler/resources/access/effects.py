"""Who sees a disk after the storage took it from somebody."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.effect import Effects, on
from reconciler.model.observed import HostFacts, require
from reconciler.model.plan import Action


def _revoked(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    gone = action.expects[0].subject
    views = tuple(
        replace(v, nodes=(), node=None) if v.ref == gone else v for v in require(facts.wanted)
    )
    return replace(facts, wanted=views)


# What is done on the storage shows on the host that left.
EFFECTS: Effects = {
    "revoke-access": on(lambda action: action.expects[0].hosts[0], _revoked),
}

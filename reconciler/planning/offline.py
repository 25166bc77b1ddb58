"""What waits for a member that is offline: its own list cannot be changed with the others'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action
from reconciler.model.refusals import member
from reconciler.model.standing import staying
from reconciler.planning.numbering import places
from reconciler.resources.membership.changes import live_nodes, wanted

RETIMING = frozenset({"stop-cluster", "set-reconnect-delay"})


def check(cluster: Cluster, observed: Observed, actions: Sequence[Action]) -> Iterator[Blocked]:
    """Refuse to change lists or timeouts while a member does not hear of it."""
    away = [m for m in cluster.members if m.state == "offline"]
    if not away or not actions:
        return
    stays = staying(cluster)
    retimes = any(a.kind in RETIMING and a.host in stays for a in actions)
    lists = {live_nodes(facts, cluster.name) for facts in observed.reached().values()}
    changes = bool(lists - {"absent"}) and wanted(cluster) not in lists
    for item in away:
        if retimes or changes:
            yield Blocked(
                "member-offline",
                member(item.name),
                f"{item.name} is offline and would come back with the old "
                f"{'timeouts' if retimes else 'node list'}",
                f"wait until {item.name} is back (state: present), or attest it dead",
            )
        elif item.name.lower() not in places(cluster, observed):
            yield Blocked(
                "member-offline",
                member(item.name),
                f"{item.name} is on no list: a host joins when it is there",
                "make it present when it is, or leave it out until then",
            )

"""Operations: what a plan does to a cluster, in the words in which its proofs are kept.

A plan contains an operation if one of its actions is of a kind that only that operation has
(``OPERATIONS``), or if its changes of the kernels' lists of nodes say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.frozen import frozen
from reconciler.model.addresses import parse_address
from reconciler.model.desired import Cluster
from reconciler.model.host_names import host_key
from reconciler.model.plan import ActionKind, Change, ClusterPlan
from reconciler.model.roles import leaving, online


@frozen
class Operation:
    """What an operation is, in words, and the kinds of actions that show it."""

    words: str
    kinds: frozenset[ActionKind] = frozenset()


# In the order of a cluster's life, in which they are shown.
OPERATIONS: Mapping[str, Operation] = {
    "create": Operation(
        "a cluster that nobody runs comes online, or a volume is formatted",
        frozenset({"format"}),
    ),
    "join": Operation("a host joins a cluster that runs"),
    "leave": Operation(
        "a host leaves a cluster that runs", frozenset({"archive-cluster-conf"})
    ),
    "dead": Operation("a host that died is dropped", frozenset({"write-quarantine"})),
    "renumber": Operation("members get other numbers, addresses or ports"),
    "timeouts": Operation("kernels get other timeouts"),
    "grow-online": Operation(
        "a volume grows while it is mounted", frozenset({"grow-file-system"})
    ),
    "grow-offline": Operation(
        "a volume grows while nobody mounts it", frozenset({"grow-unmounted"})
    ),
    "slots": Operation("a volume gets more slots", frozenset({"add-slots"})),
    "relabel": Operation("a volume gets another label", frozenset({"set-label"})),
    "move-path": Operation("a volume is mounted on another path"),
    "mount": Operation(
        "a volume is mounted or unmounted", frozenset({"mount", "remount", "unmount"})
    ),
    "install": Operation(
        "packages are installed", frozenset({"install-packages", "install-module"})
    ),
    "upgrade": Operation(
        "tools or module get another version",
        frozenset({"upgrade-packages", "upgrade-module", "reload-module"}),
    ),
    # No plan does that: what is proven is that a host has its volumes again.
    "reboot": Operation("a host comes back from a power cut with its volumes"),
}


def operations(plan: ClusterPlan, cluster: Cluster) -> tuple[str, ...]:
    """The operations of a plan, in the table's order; none of one that does nothing."""
    if not plan.actions:
        return ()
    kinds = {action.kind for action in plan.actions}
    found = {name for name, operation in OPERATIONS.items() if operation.kinds & kinds}
    found |= {*_of_lists(plan, cluster), *_of_values(plan)}
    return tuple(name for name in OPERATIONS if name in found)


def _of_lists(plan: ClusterPlan, cluster: Cluster) -> Iterator[str]:
    """What the changes of the kernels' lists of nodes show."""
    lists = [change for change in plan.changes if _is_of(change, "live-nodes")]
    starting = {change.host for change in lists if change.before is None}
    if starting:
        yield "create" if starting >= {*online(cluster)} else "join"
    if any(change.after is None and change.host in leaving(cluster) for change in lists):
        yield "leave"
    dead = {host_key(m.name) for m in cluster.members if m.role == "dead"}
    for change in lists:
        before, after = _places(change.before), _places(change.after)
        if not (before and after):
            continue
        if gone := before.keys() - after.keys():
            yield "dead" if gone & dead else "leave"
        if any(after[name] != before[name] for name in after.keys() & before.keys()):
            yield "renumber"


def _of_values(plan: ClusterPlan) -> Iterator[str]:
    for change in plan.changes:
        if (
            _is_of(change, "timeouts")
            and change.truth == "kernel"
            and change.before is not None
        ):
            yield "timeouts"
        if _is_of(change, "mount") and _is_path(change.before) and _is_path(change.after):
            yield "move-path"


def _is_of(change: Change, aspect: str) -> bool:
    return parse_address(change.address).aspect[:1] == (aspect,)


def _is_path(value: object) -> bool:
    """Whether a mount changes its place; what else changes of one are its options."""
    return isinstance(value, str) and value.startswith("/")


def _places(nodes: object) -> Mapping[str, str]:
    """By name what the kernels know of each node: ``NUMBER NAME IP:PORT; …``."""
    words = [node.split(" ") for node in nodes.split("; ")] if isinstance(nodes, str) else []
    return {host_key(name): f"{number} {place}" for number, name, place in words}

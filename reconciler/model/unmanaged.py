"""What this version does not manage, in words: other stacks, other heartbeats, other names."""

from __future__ import annotations

import re

STACK = "o2cb"
_OTHERS = {"pcmk": "Pacemaker", "cman": "cman"}
# o2cb's own check (libo2cb/o2cb_abi.c); Pacemaker and old tools take more.
_NAME = re.compile(r"[A-Za-z0-9]{1,16}")


def manager_of(stack: str) -> str:
    """Who runs a cluster stack."""
    return _OTHERS.get(stack, stack)


def is_sayable(cluster: str) -> bool:
    """Whether a file can have a cluster of that name."""
    return _NAME.fullmatch(cluster) is not None


def unsayable_name(cluster: str) -> str:
    """What a cluster is of which no file can have the name, and what to do; empty for others."""
    if is_sayable(cluster):
        return ""
    return (
        f"{cluster} is no name of an o2cb cluster, which has 1 to 16 letters and digits: this "
        "version does not manage it. Leave it to the tools that made it; or rename it in an "
        "outage: reconcile explain foreign-cluster has the steps"
    )


def leave_or_move(host: str, stack: str, settings: str) -> str:
    """What to do about a host that another stack runs."""
    who = manager_of(stack)
    return (
        f"leave {host} to {who}, and take it out of the file; or, to move it to {STACK}: stop "
        f"{who} there for good with its volumes unmounted, set O2CB_STACK={STACK} in {settings}, "
        "and boot it"
    )


GLOBAL = (
    "hosts then beat on disks that all volumes share, and not on each volume: this version manages "
    "local heartbeat only"
)
GO_LOCAL = (
    "leave the cluster to o2cb(8); or, in an outage with every volume unmounted on every host: o2cb "
    "heartbeat-mode {cluster} local, restart o2cb everywhere, and for each volume "
    "o2cluster -y --update=o2cb,{cluster},local DEVICE"
)

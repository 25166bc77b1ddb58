"""Whether the mounted members let a host join: what o2net and the DLM compare.

Every row of ``CHECKS`` but the last was seen on real kernels, of which there is only one
version of the protocol (fs/ocfs2/dlmglue.c); refused joins leave the members running.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.cluster import Cluster, Node

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.disk import Filesystem
    from reconciler.hosts.simulator.state.machine import Machine

NOT_CONNECTED, INVALID, PROTOCOL = 107, 22, 71
NODEINFO = "(mount.ocfs2,900,0):dlm_send_nodeinfo:1255"
SLOW, QUICK = 70.0, 5.0  # seconds until the joiner gives up


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a mount ends: the kernel's error number and how long it took."""

    error: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Pair:
    """A host that wants to join, and a member that has the volume mounted."""

    joiner: Machine
    mine: Cluster
    me: Node
    member: Machine
    theirs: Cluster
    they: Node

    @property
    def peer(self) -> str:
        """The member as the joiner's kernel writes it."""
        return (
            f"node {self.they.name} (num {self.they.number}) at {self.they.ip}:{self.they.port}"
        )


def pairs(joiner: Machine, fs: Filesystem) -> list[Pair]:
    """The members that the joiner sees: their heartbeat is under a number on its list."""
    mine = joiner.running.live
    found = []
    for member, mount in joiner.world.mounters(fs):
        theirs = member.running.live
        known = mine is not None and mount.number in mine.address_by_number
        if member is joiner or mine is None or theirs is None or not known:
            continue
        if mine.local and theirs.local and mine.local.number != mount.number:
            found.append(Pair(joiner, mine, mine.local, member, theirs, theirs.local))
    return found


def find_refusal(seen: list[Pair]) -> Refusal | None:
    """The first reason why the join fails, with its kernel messages; None lets it pass."""
    for check in CHECKS:
        for pair in seen:
            if refused := check(pair):
                return refused
    return None


def _connects(pair: Pair) -> Refusal | None:
    """Each must be at the address that the other's list gives to its number."""
    listed = pair.mine.address_by_number[pair.they.number]
    known = pair.theirs.address_by_number.get(pair.me.number)
    if listed != (pair.they.ip, pair.they.port):
        return _cut_off(pair)
    if known is None or known[0] != pair.me.ip:
        pair.member.log(f"o2net: Attempt to connect from unknown node at {pair.me.ip}:40000")
        return _cut_off(pair)
    return None


def _cut_off(pair: Pair) -> Refusal:
    number = pair.they.number
    idle = pair.mine.idle_timeout_ms / 1000
    pair.joiner.log(
        f"o2net: No connection established with node {number} after {idle:.1f} seconds, "
        "check network and cluster configuration."
    )
    pair.joiner.log(f"o2cb: This node could not connect to nodes: {number}.")
    pair.joiner.log("o2cb: Cluster check failed. Fix errors before retrying.")
    return Refusal(NOT_CONNECTED, SLOW)


def _handshake(
    what: str, reading: Callable[[Cluster], int]
) -> Callable[[Pair], Refusal | None]:
    def check(pair: Pair) -> Refusal | None:
        mine, theirs = reading(pair.mine), reading(pair.theirs)
        if mine == theirs:
            return None
        uses = f"uses a {what} of {theirs} ms, but we use {mine} ms locally. Disconnecting."
        pair.joiner.log(f"o2net: {pair.peer} {uses}")
        return _cut_off(pair)

    return check


def _same_lists(pair: Pair) -> Refusal | None:
    """Both directions count, also for nodes that never mounted (dlm_match_nodes)."""
    mine, theirs = pair.mine.address_by_number, pair.theirs.address_by_number
    for number in sorted({*mine, *theirs}):
        if mine.get(number) != theirs.get(number):
            ip, port = mine.get(number) or theirs[number]
            joining = f"registered in joining node {pair.me.number} but not in local node"
            local = f"registered in local node {pair.they.number} but not in joining node"
            where, other = (joining, pair.they) if number in mine else (local, pair.me)
            pair.member.log(f"o2dlm: Node {number} ({ip}:{port}) {where} {other.number}")
            pair.joiner.log(f"{NODEINFO} ERROR: node mismatch -22, node {pair.they.number}")
            return Refusal(INVALID, QUICK)
    return None


def _same_protocol(pair: Pair) -> Refusal | None:
    """The joiner must be able to talk as they do who are there (dlm_query_join_proto_check)."""
    mine, theirs = (
        [int(word) for word in machine.setup.locking.split(".")]
        for machine in (pair.joiner, pair.member)
    )
    if mine[0] == theirs[0] and mine[1] >= theirs[1]:
        return None
    return Refusal(PROTOCOL, QUICK)


CHECKS: tuple[Callable[[Pair], Refusal | None], ...] = (
    _connects,
    _handshake("network idle timeout", lambda live: live.idle_timeout_ms),
    _handshake("keepalive delay", lambda live: live.keepalive_delay_ms),
    _handshake("heartbeat timeout", lambda live: (live.dead_threshold - 1) * 2000),
    _same_lists,
    _same_protocol,
)

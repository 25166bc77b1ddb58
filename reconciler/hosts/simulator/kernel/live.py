"""configfs: the cluster as a running kernel knows it, and how o2cb changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel.texts import BadConfig, NodeEntry, read_cluster_conf
from reconciler.hosts.simulator.state.cluster import Cluster, Node
from reconciler.hosts.simulator.state.reply import Failed

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine

CLUSTER_CONF = "/etc/ocfs2/cluster.conf"
STACK_MODULES = frozenset({"ocfs2", "ocfs2_stack_o2cb"})


def file_nodes(machine: Machine, name: str) -> tuple[NodeEntry, ...]:
    """The nodes of a cluster in this host's cluster.conf; Failed as o2cb would."""
    try:
        clusters = read_cluster_conf(machine.files.text(CLUSTER_CONF))
    except BadConfig as error:
        raise Failed(
            1, f"o2cb: {error} while reading configuration file '{CLUSTER_CONF}'"
        ) from error
    if name not in clusters:
        raise Failed(1, f"o2cb: Unknown cluster '{name}'")
    return clusters[name]


def register(machine: Machine, name: str) -> None:
    """``o2cb register-cluster``: entries gone or changed go first, then the missing come.

    It stops at the first entry that is in use and leaves the rest as it is (op_register.c).
    """
    if not machine.running.loaded & STACK_MODULES:
        raise Failed(1, "o2cb: Unable to access cluster service while initializing cluster")
    wanted = {entry.name: entry for entry in file_nodes(machine, name)}
    live = machine.running.live
    if live is not None and live.name != name:
        raise Failed(1, f"o2cb: Cluster '{live.name}' is already registered")
    if live is None:
        live = machine.running.live = Cluster(name)
        machine.log("o2hb: Heartbeat mode set to local")
        machine.record("cluster-online", name)
    for node in tuple(live.nodes.values()):
        if not _same(node, wanted.get(node.name)):
            _unregister(machine, live, node)
    for entry in wanted.values():
        if entry.name not in live.nodes:
            _add(machine, live, entry)


def _same(node: Node, entry: NodeEntry | None) -> bool:
    return entry is not None and (node.number, node.ip, node.port) == (
        entry.number,
        entry.ip,
        entry.port,
    )


def _unregister(machine: Machine, live: Cluster, node: Node) -> None:
    if in_use(machine, node):
        machine.record("node-busy", node.name)
        raise Failed(1, "o2cb: Internal logic failure while unregistering node " + node.name)
    del live.nodes[node.name]
    machine.record("node-removed", f"{node.name} {node.number}")


def in_use(machine: Machine, node: Node) -> bool:
    """Whether rmdir says EBUSY: a connection of *this* host holds the entry.

    That is its own entry while it has a region, and a peer that has a slot on a volume
    mounted here: mounted, or dead and not yet evicted.
    """
    slots = [set(mount.fs.slot_map.values()) for mount in machine.running.mounts]
    return bool(slots) and (node.local or any(node.number in used for used in slots))


def _add(machine: Machine, live: Cluster, entry: NodeEntry) -> None:
    if taken := live.by_number(entry.number):
        raise Failed(1, f"o2cb: Node number {entry.number} is already {taken.name}'s")
    if any(node.ip == entry.ip for node in live.nodes.values()):
        raise Failed(1, f"o2cb: Address {entry.ip} is already another node's")
    own, name = machine.setup.hostname.lower(), entry.name.lower()
    local = own == name or own.startswith(f"{name}.")
    if local and entry.ip not in machine.addresses:
        machine.log(f"o2net: unable to bind socket at {entry.ip}:{entry.port}, ret=-99")
        raise Failed(1, f"o2cb: Cannot assign requested address while adding node {entry.name}")
    live.nodes[entry.name] = Node(entry.name, entry.number, entry.ip, entry.port, local)
    machine.record("node-added", f"{entry.name} {entry.number}")

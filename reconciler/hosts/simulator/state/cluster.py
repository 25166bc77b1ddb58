"""The live cluster of a host, as configfs shows it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Node:
    """A node item of configfs; its attributes are write-once in the kernel."""

    name: str
    number: int
    ip: str
    port: int
    local: bool


@dataclass(slots=True)
class Cluster:
    """The live cluster of a host; the defaults are the kernel's (cluster/tcp.h, heartbeat.h)."""

    name: str
    nodes: dict[str, Node] = field(default_factory=dict)
    idle_timeout_ms: int = 30000
    keepalive_delay_ms: int = 2000
    reconnect_delay_ms: int = 2000
    dead_threshold: int = 31
    mode: str = "local"
    fence_method: str = "reset"

    @property
    def local(self) -> Node | None:
        """The host's own entry."""
        return next((node for node in self.nodes.values() if node.local), None)

    def by_number(self, number: int) -> Node | None:
        """The node that owns a number here."""
        return next((node for node in self.nodes.values() if node.number == number), None)

    @property
    def address_by_number(self) -> dict[int, tuple[str, int]]:
        """What the DLM compares between hosts: address and port by number, never names."""
        return {node.number: (node.ip, node.port) for node in self.nodes.values()}

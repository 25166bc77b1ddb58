"""The grammar of cluster.conf, as o2cb of ocfs2-tools 1.8 reads it.

Stanzas in any order; a stanza's attributes are indented by tabs or spaces; a blank line
ends it; a comment has its ``#`` in the first column. What the tools refuse is refused
here too, and what they silently ignore is ignored (manual ocfs2, 1).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from reconciler.frozen import frozen

MAX_NODES = 255  # fs/ocfs2/cluster/ocfs2_nodemanager.h: O2NM_MAX_NODES
STANZAS = ("cluster", "node", "heartbeat")
ATTRIBUTE = re.compile(r"[ \t]+(?P<key>[^\s=]+)[ \t]*=[ \t]*(?P<value>.*?)[ \t]*", re.ASCII)
NUMBER = re.compile(r"[0-9]{1,10}")


class ConfInvalid(ValueError):
    """The tools would refuse the file; ``line`` is 1-based."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@frozen
class ConfCluster:
    """A cluster stanza; ``node_count`` is what it says, not how many there are."""

    name: str
    node_count: int
    heartbeat_mode: str = "local"


@frozen
class Node:
    """A node stanza."""

    name: str
    number: int
    ip: str
    port: int
    cluster: str


@frozen
class Conf:
    """A whole file: nodes in the order of their stanzas, those of no cluster left out."""

    clusters: tuple[ConfCluster, ...]
    nodes: tuple[Node, ...]


@dataclass(slots=True)
class _Stanza:
    kind: str
    line: int
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def text(self, key: str) -> str:
        if not self.values.get(key):
            raise ConfInvalid(self.line, f"{self.kind} without {key}")
        return self.values[key]

    def number(self, key: str, most: int) -> int:
        value = self.text(key)
        if not NUMBER.fullmatch(value) or int(value) > most:
            raise ConfInvalid(
                self.lines[key], f"{key} is not a number up to {most}: {value[:64]}"
            )
        return int(value)


# Members have the same file, and many rules ask each of them about each other.
@lru_cache(maxsize=256)
def parse_conf(text: str) -> Conf:
    """What the tools make of a file; raises ConfInvalid for what they refuse."""
    stanzas = tuple(_stanzas(text))
    clusters = tuple(_cluster(stanza) for stanza in stanzas if stanza.kind == "cluster")
    names = {cluster.name for cluster in clusters}
    nodes = tuple(_node(stanza) for stanza in stanzas if stanza.kind == "node")
    _refuse_repeated(stanzas)
    return Conf(clusters, tuple(node for node in nodes if node.cluster in names))


def _stanzas(text: str) -> Iterator[_Stanza]:
    current: _Stanza | None = None
    for at, line in enumerate(text.split("\n"), start=1):
        if "\r" in line:
            raise ConfInvalid(at, "carriage return")
        if line.startswith("#"):
            continue
        if not line.strip(" \t"):
            yield from [current] if current else []
            current = None
        elif line[0] in " \t":
            _attribute(current, at, line)
        else:
            yield from [current] if current else []
            current = _header(at, line)
    if current:
        yield current


def _header(at: int, line: str) -> _Stanza:
    kind = line.rstrip(" \t")
    if not kind.endswith(":") or kind[:-1].rstrip(" \t") not in STANZAS:
        raise ConfInvalid(at, f"neither a stanza nor an indented attribute: {line[:64]}")
    return _Stanza(kind[:-1].rstrip(" \t"), at)


def _attribute(stanza: _Stanza | None, at: int, line: str) -> None:
    if stanza is None:
        raise ConfInvalid(at, "attribute outside of a stanza (a blank line ends one)")
    found = ATTRIBUTE.fullmatch(line)
    if not found or found["key"].startswith("#"):
        raise ConfInvalid(at, f"not key = value: {line.strip()[:64]}")
    stanza.values[found["key"]] = found["value"]
    stanza.lines[found["key"]] = at


def _cluster(stanza: _Stanza) -> ConfCluster:
    return ConfCluster(
        name=stanza.text("name"),
        node_count=stanza.number("node_count", MAX_NODES),
        heartbeat_mode=stanza.values.get("heartbeat_mode") or "local",
    )


def _node(stanza: _Stanza) -> Node:
    ip = stanza.text("ip_address")
    try:
        ipaddress.IPv4Address(ip)
    except ValueError:
        raise ConfInvalid(
            stanza.lines["ip_address"], f"not an IPv4 address: {ip[:64]}"
        ) from None
    return Node(
        name=stanza.text("name"),
        number=stanza.number("number", MAX_NODES),
        ip=ip,
        port=stanza.number("ip_port", 65535),
        cluster=stanza.text("cluster"),
    )


def _refuse_repeated(stanzas: Sequence[_Stanza]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for stanza in stanzas:
        if stanza.kind == "heartbeat":
            continue
        name = (stanza.kind, stanza.values.get("cluster", ""), stanza.values["name"])
        if name in seen:
            raise ConfInvalid(stanza.line, f"{stanza.kind} {name[2][:64]} twice")
        seen.add(name)


def render_conf(cluster_name: str, nodes: Sequence[Node]) -> str:
    """The file as the classic guide writes it: nodes ascending, then their cluster."""
    stanzas = [_rendered_node(cluster_name, node) for node in sorted(nodes, key=_number)]
    stanzas.append(_rendered("cluster", {"node_count": len(nodes), "name": cluster_name}))
    return "\n".join(stanzas)


def _number(node: Node) -> int:
    return node.number


def _rendered_node(cluster_name: str, node: Node) -> str:
    values: dict[str, str | int] = {
        "ip_port": node.port,
        "ip_address": node.ip,
        "number": node.number,
        "name": node.name,
        "cluster": cluster_name,
    }
    return _rendered("node", values)


def _rendered(kind: str, values: Mapping[str, str | int]) -> str:
    return f"{kind}:\n" + "".join(f"\t{key} = {value}\n" for key, value in values.items())

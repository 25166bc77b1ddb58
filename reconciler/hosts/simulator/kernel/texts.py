"""How the simulated kernel tools read configuration files; nothing here is the product's.

The grammar of cluster.conf is what ocfs2-tools 1.8.7 was seen to accept and to reject.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

STANZA = re.compile(r"^(cluster|node|heartbeat):[ \t]*$")
ATTRIBUTE = re.compile(r"^[ \t]+([a-z_]+)[ \t]*=[ \t]*(.*?)[ \t]*$")


class BadConfig(Exception):
    """cluster.conf is not readable; the text is the tools' own."""


@dataclass(frozen=True, slots=True)
class NodeEntry:
    """A node stanza."""

    name: str
    number: int
    ip: str
    port: int
    cluster: str


@dataclass(frozen=True, slots=True)
class FstabLine:
    """A line of fstab: device, mount path, type, options."""

    source: str
    path: str
    kind: str
    options: tuple[str, ...]


def read_cluster_conf(text: str) -> dict[str, tuple[NodeEntry, ...]]:
    """The nodes of each cluster in the file; BadConfig if the tools would reject it."""
    stanzas = list(_stanzas(text))
    clusters = [_cluster_name(body) for kind, body in stanzas if kind == "cluster"]
    nodes = [_node(body) for kind, body in stanzas if kind == "node"]
    if len({(n.cluster, n.name) for n in nodes}) < len(nodes) or len(set(clusters)) < len(
        clusters
    ):
        raise BadConfig("Unknown code ____ 244")
    return {name: tuple(n for n in nodes if n.cluster == name) for name in clusters}


def _stanzas(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    body: dict[str, str] | None = None
    for line in text.split("\n"):
        if line.startswith("#"):
            continue
        if not line:
            body = None  # a blank line ends a stanza: attributes after it belong to none
        elif found := STANZA.match(line):
            body = {}
            yield found[1], body
        elif (found := ATTRIBUTE.match(line)) and body is not None:
            body[found[1]] = found[2]
        else:
            raise BadConfig("Unknown code ____ 251")


def _cluster_name(body: dict[str, str]) -> str:
    _number(body, "node_count")
    return _word(body, "name")


def _node(body: dict[str, str]) -> NodeEntry:
    try:
        ip = str(IPv4Address(_word(body, "ip_address")))
    except AddressValueError as error:
        raise BadConfig("Unknown code ____ 234") from error
    number, port = _number(body, "number"), _number(body, "ip_port")
    return NodeEntry(_word(body, "name"), number, ip, port, _word(body, "cluster"))


def _word(body: dict[str, str], key: str) -> str:
    if not body.get(key) or "\r" in body[key]:
        raise BadConfig("Unknown code ____ 234")
    return body[key]


def _number(body: dict[str, str], key: str) -> int:
    word = _word(body, key)
    if not word.isdecimal():
        raise BadConfig("Unknown code ____ 234")
    return int(word)


def read_shell_variables(text: str) -> dict[str, str]:
    """KEY=VALUE of /etc/default/o2cb, as a shell would take them; the last one counts."""
    found = re.findall(r"^[ \t]*([A-Z0-9_]+)=(\"[^\"]*\"|'[^']*'|[^\s#;]*)", text, re.MULTILINE)
    return {key: value.strip("\"'") for key, value in found}


def read_fstab(text: str) -> tuple[FstabLine, ...]:
    """The entries of fstab in their order; a line with fewer than four fields is none."""
    rows = [line.split() for line in text.splitlines() if not line.lstrip().startswith("#")]
    return tuple(
        FstabLine(_plain(row[0]), _plain(row[1]), row[2], tuple(row[3].split(",")))
        for row in rows
        if len(row) >= 4
    )


def _plain(word: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), word)

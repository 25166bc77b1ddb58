"""The host's addresses, its way to others, and the cluster in its kernel (configfs)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from reconciler.model.observed import (
    Address,
    Connection,
    Live,
    LiveCluster,
    LiveNode,
    Region,
)
from reconciler.probe.sections import Section, choice, group_rows, number

ATTRIBUTES = (
    "idle_timeout_ms", "keepalive_delay_ms", "reconnect_delay_ms", "fence_method",
    "heartbeat/dead_threshold", "heartbeat/mode",
)  # fmt: skip
SHAPES = {
    "stack": 1, "locking": 1, "cluster": 1, "attr": 3, "node": 6, "region": 3, "domain": 1,
    "links": 1,
}  # fmt: skip
# Documentation/ABI/stable/sysfs-fs-ocfs2, max_locking_protocol: such as 1.10.
PROTOCOL = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}")
OF_CLUSTERS = ("attr", "node", "region")
STATES = {word: word for word in ("open", "refused", "timeout", "unreachable", "unknown")}
Rows = Mapping[str, Sequence[tuple[str, ...]]]


def parse_addresses(section: Section) -> tuple[Address, ...]:
    """The IPv4 addresses of all interfaces."""
    return tuple(
        Address(interface, ipv4(ip), number(prefix))
        for interface, ip, prefix in group_rows(section, {"address": 3})["address"]
    )


@lru_cache(maxsize=4096)
def ipv4(value: str) -> str:
    """The address; raises ValueError if it is none."""
    return str(ipaddress.IPv4Address(value))


def parse_interconnect(section: Section) -> tuple[Connection, ...]:
    """The connections that were tried, in the order of asking."""
    rows = group_rows(section, {"connect": 2})["connect"]
    return tuple(Connection(_target(target), choice(state, STATES)) for target, state in rows)


def _target(value: str) -> str:
    ip, _, port = value.rpartition(":")
    return f"{ipv4(ip)}:{number(port)}"


def parse_live(section: Section) -> Live:
    """Stack, clusters and DLM domains of the running kernel; no stack is ``""``.

    Raises ValueError for a section that is garbled.
    """
    rows = group_rows(section, SHAPES)
    if len(rows["stack"]) != 1:
        raise ValueError("not exactly one stack")
    ((stack,),) = rows["stack"]
    names = [name for (name,) in rows["cluster"]]
    if len(set(names)) < len(names):
        raise ValueError("a cluster twice")
    told: dict[str, dict[str, list[tuple[str, ...]]]] = {
        name: {kind: [] for kind in OF_CLUSTERS} for name in names
    }
    for kind in OF_CLUSTERS:
        if strangers := {row[0] for row in rows[kind]} - told.keys():
            raise ValueError(f"{kind} of an unknown cluster {min(strangers)[:64]!r}")
        for row in rows[kind]:
            told[row[0]][kind].append(row)
    return Live(
        stack="" if stack == "-" else stack,
        clusters=tuple(_cluster(name, told[name]) for name in names),
        domains=tuple(name for (name,) in rows["domain"]),
        locking=_protocol([word for (word,) in rows["locking"]]),
        links=_links([word for (word,) in rows["links"]]),
    )


def _links(words: Sequence[str]) -> tuple[str, ...] | None:
    """The nodes of every cluster there is; none was told of where no cluster is, either."""
    if not words:
        return None
    return tuple(name for word in words for name in word.split(",") if name not in {"", "-"})


def _protocol(words: Sequence[str]) -> str:
    if len(words) > 1 or not all(map(PROTOCOL.fullmatch, words)):
        raise ValueError(f"not a locking protocol: {' '.join(words)[:64]!r}")
    return words[0] if words else ""


def _cluster(name: str, rows: Rows) -> LiveCluster:
    values = _attributes(rows["attr"])

    def maybe(key: str) -> int | None:
        return number(values[key]) if key in values else None

    return LiveCluster(
        name=name,
        nodes=tuple(_node(row) for row in rows["node"]),
        idle_timeout_ms=maybe("idle_timeout_ms"),
        keepalive_delay_ms=maybe("keepalive_delay_ms"),
        reconnect_delay_ms=maybe("reconnect_delay_ms"),
        dead_threshold=maybe("heartbeat/dead_threshold"),
        heartbeat_mode=values.get("heartbeat/mode", ""),
        fence_method=values.get("fence_method", ""),
        regions=tuple(
            Region(uuid, "" if device == "-" else device)
            for _cluster_name, uuid, device in rows["region"]
        ),
    )


def _attributes(rows: Sequence[tuple[str, ...]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for _cluster_name, key, value in rows:
        if key not in ATTRIBUTES or key in values:
            raise ValueError(f"unexpected attribute {key[:64]!r}")
        values[key] = value
    return values


@lru_cache(maxsize=4096)
def _node(row: tuple[str, ...]) -> LiveNode:
    """A node of a list; the lists of all hosts have the same nodes."""
    _, name, num, ip, port, local = row
    is_local = choice(local, {"0": False, "1": True})
    return LiveNode(name, number(num), ipv4(ip), number(port), is_local)


SECTIONS: dict[str, Callable[[Section], object]] = {
    "addresses": parse_addresses,
    "live": parse_live,
    "interconnect": parse_interconnect,
}

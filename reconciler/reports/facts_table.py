"""What hosts have as tables for a terminal: a row a host, a row a device, then what is unknown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.quantities import format_size
from reconciler.model.refusals import format_unread
from reconciler.reports.facts import Line, describe_storage
from reconciler.reports.grouping import fold_names

Row = tuple[str, ...]
HOSTS = ("host", "system", "kernel", "cluster.conf", "online", "mounted")
DEVICES = ("holds", "hosts", "as", "size", "device")
# Of a hash: enough to tell two lists apart.
DIGITS = 8
# The sections that a row of a host tells of.
SECTIONS = ("identity", "cluster_conf", "live", "mounts", "wanted")
UNKNOWN, NOTHING = "?", "nothing"


def observed_lines(pairs: Sequence[tuple[Cluster, Observed]]) -> Iterator[Line]:
    """Each cluster: its hosts, their devices, what could not be read, the storage hosts."""
    for number, (cluster, observed) in enumerate(pairs):
        yield from [("", "")] if number else []
        reached = f"{len(observed.answering_hosts())}/{len(observed.hosts)} hosts answered"
        yield "title", f"cluster {cluster.name}  {reached}"
        yield from _table(HOSTS, _hosts(observed))
        if devices := _devices(observed):
            yield "", ""
            yield from _table(DEVICES, devices)
        yield from _unread(observed)
        for name, facts in observed.storage.items():
            yield from describe_storage(name, facts)


def _table(titles: Row, rows: Sequence[tuple[str, Row]]) -> Iterator[Line]:
    """Rows with their styles, below their titles."""
    every = [("dim", titles), *rows]
    wide = [max(len(row[place]) for _style, row in every) for place in range(len(titles))]
    for style, row in every:
        words = (word.ljust(size) for word, size in zip(row, wide, strict=True))
        yield style, f"  {'  '.join(words).rstrip()}"


def _hosts(observed: Observed) -> list[tuple[str, Row]]:
    return [
        ("", (name, *_host(facts)))
        if isinstance(facts, HostFacts)
        else ("bad", (name, *(UNKNOWN,) * (len(HOSTS) - 1)))
        for name, facts in observed.hosts.items()
    ]


def _host(facts: HostFacts) -> Iterator[str]:
    who = facts.identity
    yield UNKNOWN if isinstance(who, Unknown) else f"{who.os} {who.os_version}"
    yield UNKNOWN if isinstance(who, Unknown) else who.kernel
    file = facts.cluster_conf
    yield UNKNOWN if isinstance(file, Unknown) else file.sha256[:DIGITS] if file.text else "-"
    if isinstance(facts.live, Unknown):
        yield UNKNOWN
    else:
        found = [
            (c.name, ",".join(str(n.number) for n in c.nodes)) for c in facts.live.clusters
        ]
        yield " ".join(f"{name} {numbers or '-'}" for name, numbers in found) or "-"
    if isinstance(facts.mounts, Unknown):
        yield UNKNOWN
    else:
        yield " ".join(mount.path for mount in facts.mounts) or "-"


def _devices(observed: Observed) -> list[tuple[str, Row]]:
    """A row for all hosts that see the same behind a device."""
    seen: dict[Row, list[str]] = {}
    for name, facts in observed.answering_hosts().items():
        for item in facts.wanted if isinstance(facts.wanted, tuple) else ():
            block = item.superblock
            holds = f"ocfs2 {block.label}" if block else "no ocfs2"
            size = UNKNOWN if item.size is None else format_size(item.size)
            key = (holds, item.node or NOTHING, size, item.ref)
            seen.setdefault(key, []).append(name)
    return [
        ("warn" if NOTHING in key else "", (key[0], fold_names(names), *key[1:]))
        for key, names in sorted(seen.items())
    ]


def _unread(observed: Observed) -> Iterator[Line]:
    """Who did not answer and which sections are unknown, once for all hosts of which it is so."""
    why: dict[tuple[str, str], list[str]] = {}
    for name, facts in observed.hosts.items():
        if isinstance(facts, Unreachable):
            words = format_unread(name, facts.code, facts.message)
            why.setdefault(("bad", words), []).append(name)
            continue
        for section in SECTIONS:
            found = getattr(facts, section)
            if isinstance(found, Unknown):
                key = ("warn", f"{section} unknown: {found.reason}")
                why.setdefault(key, []).append(name)
    for (style, words), names in why.items():
        yield style, f"  {fold_names(names)}: {words}"

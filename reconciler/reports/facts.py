"""What a host has, in a few words a section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Live, Observed, Unknown, Unreachable
from reconciler.model.quantities import format_size, format_sizes, with_count

Line = tuple[str, str]
UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))


def age(observed_at: str, now: datetime) -> str:
    """How old recorded facts are, in the largest unit of which there is one."""
    seconds = (now - datetime.fromisoformat(observed_at)).total_seconds()
    if seconds < 0:
        return f"the facts are of {observed_at}: that is still to come, by this machine's clock"
    name, size = next(((n, s) for n, s in UNITS if seconds >= s), ("second", 1))
    count = int(seconds // size)
    return f"the facts are {with_count(count, name)} old ({observed_at})"


def host_lines(pairs: Sequence[tuple[Cluster, Observed]]) -> Iterator[Line]:
    """A paragraph a host that answered: who it is, what its file, kernel and mounts say."""
    for _cluster, observed in pairs:
        for name, facts in observed.answering_hosts().items():
            yield from _host(name, facts)


def describe_storage(name: str, facts: HostFacts | Unreachable) -> Iterator[Line]:
    """A host beside the members, as far as something is to be done there."""
    if isinstance(facts, Unreachable):
        yield "bad", f"  {name}  {facts.code}: {facts.message}"
        return
    yield "", f"  {name}"
    yield "", f"    system   {_system(facts)}{_uptime(facts)}"
    if isinstance(facts.logical_volumes, Unknown):
        yield "warn", f"    volumes  unknown: {facts.logical_volumes.reason}"
        return
    for item in facts.logical_volumes:
        size, free = format_sizes(item.size, item.free)
        room = f"in pool {item.pool}" if item.pool else f"{free} free beside it"
        words = item.missing or f"{size}, {room}"
        yield "warn" if item.missing else "", f"    volumes  {item.name}: {words}"


def _host(name: str, facts: HostFacts) -> Iterator[Line]:
    yield "", f"  {name}"
    for label, words in describe_host(facts):
        style = "warn" if words.startswith("unknown") else ""
        more = _uptime(facts) if label == "system" else ""
        yield style, f"    {label:<8} {words}{more}"


def describe_host(facts: HostFacts) -> tuple[tuple[str, str], ...]:
    """What a host has in a few words each; what could not be read begins with ``unknown``.

    Nothing of it changes by itself: it stands in plans, which are the same for the same facts.
    """
    return (
        ("system", _system(facts)),
        ("file", _file(facts)),
        ("kernel", _kernel(facts.live)),
        ("mounts", _mounts(facts)),
        ("devices", _devices(facts)),
    )


def _system(facts: HostFacts) -> str:
    if isinstance(facts.identity, Unknown):
        return f"unknown: {facts.identity.reason}"
    who = facts.identity
    return f"{who.os} {who.os_version}, kernel {who.kernel}"


def _uptime(facts: HostFacts) -> str:
    if isinstance(facts.identity, Unknown):
        return ""
    return f", up {facts.identity.uptime / 60:.0f} min"


def _file(facts: HostFacts) -> str:
    if isinstance(facts.cluster_conf, Unknown):
        return f"unknown: {facts.cluster_conf.reason}"
    file = facts.cluster_conf
    return f"{file.path} sha256 {file.sha256[:12]}" if file.text is not None else "absent"


def _kernel(live: Live | Unknown) -> str:
    if isinstance(live, Unknown):
        return f"unknown: {live.reason}"
    words = [
        f"{c.name} with {', '.join(f'{n.number} {n.name}' for n in c.nodes) or 'no nodes'}"
        for c in live.clusters
    ]
    return "; ".join(words) or "no cluster online"


def _mounts(facts: HostFacts) -> str:
    if isinstance(facts.mounts, Unknown):
        return f"unknown: {facts.mounts.reason}"
    return ", ".join(f"{m.source} on {m.path}" for m in facts.mounts) or "none"


def _devices(facts: HostFacts) -> str:
    if isinstance(facts.wanted, Unknown):
        return f"unknown: {facts.wanted.reason}"
    words = []
    for item in facts.wanted:
        block = item.superblock
        what = f"ocfs2 {block.label} {block.uuid}" if block else "no ocfs2"
        size = "size unknown" if item.size is None else format_size(item.size)
        words.append(f"{item.ref} as {item.node or 'nothing'}, {size}, {what}")
    return "; ".join(words) or "none wanted"

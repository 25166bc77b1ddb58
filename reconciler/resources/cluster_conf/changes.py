"""/etc/ocfs2/cluster.conf: the same bytes on every member, the nodes ascending."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from reconciler.gate import gate_command
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, TextFile, known
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading
from reconciler.model.refusals import compared, member
from reconciler.resources.cluster_conf.grammar import (
    ConfInvalid,
    Node,
    parse_conf,
    render_conf,
)

PATH = "/etc/ocfs2/cluster.conf"


def wanted(cluster: Cluster) -> str:
    """The file that every member must have; every member has its number by now."""
    return render_conf(cluster.name, wanted_nodes(cluster))


def wanted_nodes(cluster: Cluster) -> tuple[Node, ...]:
    """The desired nodes in the file's terms."""
    return tuple(
        Node(m.name, m.number or 0, str(m.interconnect), m.port, cluster.name)
        for m in cluster.members
    )


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse files that cannot be read as the tools do, and those of another cluster."""
    found: dict[str, dict[str, str]] = {}
    for host, facts in observed.reached().items():
        file = known(facts.cluster_conf)
        if file.text is None or not file.text.strip():
            continue
        try:
            conf = parse_conf(file.text)
        except ConfInvalid as error:
            yield Blocked(
                "cluster-conf-invalid",
                member(host),
                f"{file.path}: {error}",
                "repair the file, or move it away if its cluster is not running, then plan again",
            )
            continue
        foreign = [c.name for c in conf.clusters if c.name != cluster.name]
        if foreign:
            yield Blocked(
                "foreign-cluster",
                member(host),
                f"{PATH} is of cluster {', '.join(foreign)}, not {cluster.name}",
                f"take {host} out of that cluster first, or correct the name under clusters in the file",
            )
            continue
        found[host] = {node.name.lower(): _words(node) for node in conf.nodes}
    wanted = {node.name.lower(): _words(node) for node in wanted_nodes(cluster)}
    yield from compared(wanted, _without_strays(wanted, found, observed), PATH)


def _without_strays(
    wanted: Mapping[str, str],
    found: Mapping[str, Mapping[str, str]],
    observed: Observed,
) -> Mapping[str, Mapping[str, str]]:
    """Leave out what only a file says while every running kernel agrees with the wish."""
    running: dict[str, set[str]] = {}
    for facts in observed.reached().values():
        for live in known(facts.live).clusters:
            for node in live.nodes:
                words = f"number {node.number} at {node.ip}:{node.port}"
                running.setdefault(node.name.lower(), set()).add(words)
    right = {name for name, words in wanted.items() if running.get(name) == {words}}
    return {
        host: {name: words for name, words in nodes.items() if name not in right}
        for host, nodes in found.items()
    }


def _words(node: Node) -> str:
    return f"number {node.number} at {node.ip}:{node.port}"


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Every member whose file is not byte for byte the wanted one."""
    text = wanted(cluster)
    for host, facts in observed.reached().items():
        file = known(facts.cluster_conf)
        if file.text != text:
            yield Change(
                f"{member(host)}/cluster.conf",
                host,
                "file",
                file.text,
                text,
                _because(cluster, file),
            )


def _because(cluster: Cluster, file: TextFile) -> str:
    if file.text is None:
        return f"{PATH} is absent"
    try:
        found = {node.name.lower(): _words(node) for node in parse_conf(file.text).nodes}
    except ConfInvalid:
        return f"{PATH} cannot be read by the tools"
    want = {node.name.lower(): _words(node) for node in wanted_nodes(cluster)}
    words = [f"{name} joins" for name in want if name not in found]
    words += [f"{name} leaves" for name in found if name not in want]
    words += [f"{n} is {found[n]}" for n in want if n in found and found[n] != want[n]]
    return ", ".join(words) or "same nodes, written differently"


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write the file where it differs; then all members must have the same hash."""
    if not changes:
        return
    text = wanted(cluster)
    digest = hashlib.sha256(text.encode()).hexdigest()
    facts = observed.reached()
    for change in changes:
        file = known(facts[change.host].cluster_conf)
        before, mode = file.sha256 or "absent", file.mode or "644"
        yield Action(
            id=f"{cluster.name}/{change.host}/write-cluster-conf",
            kind="write-cluster-conf",
            host=change.host,
            address=change.address,
            summary=f"write {PATH} ({len(cluster.members)} nodes)",
            because=change.because,
            risk="safe",
            command=gate_command("write-file", PATH, mode, before, digest, stdin=text),
            requires=(Fact((change.host,), "cluster-conf", "", before),),
            expects=(Fact((change.host,), "cluster-conf", "", digest),),
        )
    hosts = tuple(m.name for m in cluster.members)
    yield Action(
        id=f"{cluster.name}/all/same-cluster-conf",
        kind="same-cluster-conf",
        host="",
        address=f"cluster/{cluster.name}/cluster.conf",
        summary=f"barrier: the same {PATH} on {len(hosts)} members",
        because="the kernels' node lists are made from it",
        risk="safe",
        command=None,
        expects=(Fact(hosts, "cluster-conf", "", digest),),
    )


def cluster_conf(facts: HostFacts, _subject: str) -> str:
    """The hash of cluster.conf."""
    return known(facts.cluster_conf).sha256 or "absent"


NEEDS = ("cluster_conf", "live")
READINGS = {
    "cluster-conf": Reading(("cluster_conf",), cluster_conf),
}

"""/etc/ocfs2/cluster.conf: the same bytes on every member, the nodes ascending."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.gate.action_builders import action_for, barrier, digest, write
from reconciler.model.addresses import cluster_address, member_address
from reconciler.model.desired import Cluster, Member
from reconciler.model.host_names import host_key
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, Observed, TextFile, require
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading
from reconciler.model.roles import (
    leaving,
    listed_members,
    names_elsewhere,
    restrict_to,
    staying,
)
from reconciler.model.unmanaged import unsayable_name
from reconciler.resources.cluster_conf.grammar import (
    ConfInvalid,
    Node,
    parse_conf,
    render_conf,
)

PATH = "/etc/ocfs2/cluster.conf"


@once_each()
def wanted_file(cluster: Cluster) -> str:
    """The file that every listed member must have; each has its number by now."""
    return render_conf(cluster.name, wanted_nodes(cluster))


@once_each()
def wanted_nodes(cluster: Cluster) -> tuple[Node, ...]:
    """The desired nodes in the file's terms."""
    return tuple(
        Node(m.name, m.number or 0, str(m.interconnect), m.port, cluster.name)
        for m in listed_members(cluster)
    )


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse files of another cluster, and those that cannot be told to be of this one."""
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        file = require(facts.cluster_conf)
        if not (file.text or "").strip():
            continue
        try:
            conf = parse_conf(file.text or "")
        except ConfInvalid as error:
            # Where the kernel runs this cluster, the file was this cluster's: it is repaired.
            if require(facts.live).cluster(cluster.name) is None:
                yield Blocked(
                    "cluster-conf-invalid",
                    member_address(host),
                    f"{file.path}: {error}",
                    "repair the file, or move it away if its cluster is not running, "
                    "then plan again",
                )
            continue
        foreign = [c.name for c in conf.clusters if c.name != cluster.name]
        if foreign:
            yield Blocked(
                "foreign-cluster",
                member_address(host),
                f"{PATH} is of cluster {', '.join(foreign)}, not {cluster.name}",
                next(filter(None, map(unsayable_name, foreign)), "")
                or f"take {host} out of that cluster first, or correct the name under clusters in "
                "the file (a cluster is not renamed: reconcile explain foreign-cluster)",
            )


def _words(node: Node) -> str:
    return f"number {node.number} at {node.ip}:{node.port}"


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Every member whose file is not byte for byte the wanted one; leavers that have one.

    Files that are kept may be written differently, while all of them say the same.
    """
    text = wanted_file(cluster)
    leavers = leaving(cluster)
    stays = restrict_to(observed, staying(cluster)).answering_hosts().values()
    kept = cluster.files == "kept" and all(
        _says_the_same(cluster, require(facts.cluster_conf)) for facts in stays
    )
    nodes = wanted_nodes(cluster)
    why: dict[str | None, str] = {}  # most have the same text
    for host, facts in observed.answering_hosts().items():
        file = require(facts.cluster_conf)
        where = member_address(host, "cluster.conf")
        if host in leavers:
            if file.text is not None and not _is_anothers(cluster, file):
                because = f"{host} leaves"
                yield Change(where, host, "file", file.text, None, because)
        elif file.text != text and not kept:
            if file.text not in why:
                why[file.text] = _because(nodes, file, names_elsewhere(cluster, observed))
            yield Change(where, host, "file", file.text, text, why[file.text])


def _says_the_same(cluster: Cluster, file: TextFile) -> bool:
    """Whether the tools make of a file what they would make of the wanted one.

    Of node_count they only want that it is there (manual ocfs2, 1).
    """
    try:
        conf = parse_conf(file.text or "")
    except ConfInvalid:
        return False
    modes = {c.name: c.heartbeat_mode for c in conf.clusters}
    found = {(host_key(n.name), n.number, n.ip, n.port) for n in conf.nodes}
    want = {(host_key(n.name), n.number, n.ip, n.port) for n in wanted_nodes(cluster)}
    return modes == {cluster.name: "local"} and found == want


def _is_anothers(cluster: Cluster, file: TextFile) -> bool:
    """Whether the file is of another cluster: what left this one may have joined that."""
    try:
        conf = parse_conf(file.text or "")
    except ConfInvalid:
        return False
    return bool(conf.clusters) and cluster.name not in {c.name for c in conf.clusters}


def _because(wanted: Sequence[Node], file: TextFile, known: Collection[str]) -> str:
    if file.text is None:
        return f"{PATH} is absent"
    try:
        found = {host_key(node.name): _words(node) for node in parse_conf(file.text).nodes}
    except ConfInvalid as error:
        return f"{PATH} cannot be read by the tools: {error}"
    want = {host_key(node.name): _words(node) for node in wanted}
    lacks = [name for name in want if name not in found]
    words = [f"{n} is missing from it" if n in known else f"{n} joins" for n in lacks]
    words += [f"{name} leaves" for name in found if name not in want]
    words += [f"{n} is {found[n]}" for n in want if n in found and found[n] != want[n]]
    return ", ".join(words) or "same nodes, written differently"


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write the file where it differs; then all members must have the same hash."""
    text = wanted_file(cluster)
    facts = observed.answering_hosts()
    for change in changes:
        file = require(facts[change.host].cluster_conf)
        if change.after is None:
            yield _archive(cluster, change, file)
        else:
            action = write(
                change, (cluster.name, "write-cluster-conf"), "cluster-conf", file, text
            )
            yield replace(
                action,
                summary=f"write {PATH} ({len(listed_members(cluster))} nodes)",
                risk="outage" if _evicts(cluster, file) else "safe",
            )
    if any(change.after is not None for change in changes):
        hosts = staying(cluster)
        yield barrier(
            (cluster.name, "same-cluster-conf"),
            cluster_address(cluster.name, "cluster.conf"),
            f"the same {PATH} on {len(hosts)} members",
            "the kernels' node lists are made from it",
            Fact(hosts, "cluster-conf", "", digest(text)),
        )


def _evicts(cluster: Cluster, file: TextFile) -> bool:
    """Whether the wanted file drops a node that is not attested dead."""
    try:
        found = _names(parse_conf(file.text or "").nodes)
    except ConfInvalid:
        return False
    gone = {host_key(m.name) for m in _dead(cluster)}
    return bool(found - gone - _names(wanted_nodes(cluster)))


@once_each()
def _names(nodes: tuple[Node, ...]) -> frozenset[str]:
    return frozenset(host_key(node.name) for node in nodes)


@once_each()
def _dead(cluster: Cluster) -> tuple[Member, ...]:
    return tuple(m for m in cluster.members if m.role == "dead")


def _archive(cluster: Cluster, change: Change, file: TextFile) -> Action:
    return action_for(
        cluster.name,
        change,
        "archive-cluster-conf",
        risk="outage",
        summary=f"move {PATH} to {PATH}.before",
        command=gate_command("archive-file", PATH, file.sha256),
        requires=(Fact((change.host,), "live-nodes", cluster.name, "absent"),),
        expects=(Fact((change.host,), "cluster-conf", "", "absent"),),
    )


def cluster_conf(facts: HostFacts, _subject: str) -> str:
    """The hash of cluster.conf."""
    return require(facts.cluster_conf).sha256 or "absent"


NEEDS = ("cluster_conf", "live")
READINGS = {
    "cluster-conf": Reading(("cluster_conf",), cluster_conf),
}

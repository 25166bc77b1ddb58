"""The kernels' live node lists: who is known to whom, on every member alike.

The order of a join is in ``planning.planner``; here is what each host must be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.gate import gate_command
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Live, LiveCluster, Observed, known
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading
from reconciler.model.refusals import compared, member

# A service start takes 16-20 s on a busy lab host; three times that, and some.
START_TIMEOUT = 90.0
STACK = "o2cb"


def wanted(cluster: Cluster) -> str:
    """The live list that every kernel must have, in the words of the reading."""
    nodes = sorted(
        (m.number or 0, m.name, str(m.interconnect), m.port) for m in cluster.members
    )
    return _words(nodes)


def _words(nodes: Sequence[tuple[int, str, str, int]]) -> str:
    return "; ".join(f"{number} {name} {ip}:{port}" for number, name, ip, port in nodes)


def _nodes(live: LiveCluster) -> str:
    return _words(sorted((n.number, n.name, n.ip, n.port) for n in live.nodes))


def _live(facts: HostFacts, name: str) -> LiveCluster | None:
    return next((c for c in known(facts.live).clusters if c.name == name), None)


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse hosts that are not who the file says, and foreign clusters and stacks."""
    for item in cluster.members:
        facts = observed.reached().get(item.name)
        if facts is None:
            continue
        yield from _check_name(item.name, facts)
        yield from _check_address(item.name, str(item.interconnect), facts)
        yield from _check_live(cluster, item.name, known(facts.live))
    yield from _check_nodes(cluster, observed)


def _check_name(name: str, facts: HostFacts) -> Iterator[Blocked]:
    actual = known(facts.identity).hostname
    if actual.lower() != name.lower():
        yield Blocked(
            "hostname-differs",
            member(name),
            f"the host that answers calls itself {actual}",
            f"name the member {actual}, or correct its ssh.host: "
            "the kernel finds itself in the node list by its short hostname",
        )


def _check_address(name: str, address: str, facts: HostFacts) -> Iterator[Blocked]:
    addresses = known(facts.addresses)
    if address not in {item.ip for item in addresses}:
        present = ", ".join(f"{a.ip} ({a.interface})" for a in addresses if a.interface != "lo")
        yield Blocked(
            "interconnect-not-on-host",
            member(name),
            f"{address} is not an address of this host; it has {present or 'none'}",
            "correct interconnect, or bring the interface up",
        )


def _check_live(cluster: Cluster, host: str, live: Live) -> Iterator[Blocked]:
    if live.stack not in ("", STACK):
        yield Blocked(
            "foreign-stack",
            member(host),
            f"the running cluster stack is {live.stack}, not {STACK}",
            f"stop the {live.stack} cluster on {host} first",
        )
    for found in live.clusters:
        if found.name != cluster.name:
            yield Blocked(
                "foreign-cluster",
                member(host),
                f"the kernel runs cluster {found.name}, not {cluster.name}",
                f"take {host} out of cluster {found.name} first",
            )


def _check_nodes(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    found: dict[str, dict[str, str]] = {}
    for host, facts in observed.reached().items():
        live = _live(facts, cluster.name)
        nodes = live.nodes if live else ()
        found[host] = {n.name.lower(): f"number {n.number} at {n.ip}:{n.port}" for n in nodes}
    wanted = {
        m.name.lower(): f"number {m.number} at {m.interconnect}:{m.port}"
        for m in cluster.members
    }
    yield from compared(wanted, found, "the running kernel")


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Kernels without the cluster, or with another list of its nodes."""
    want = wanted(cluster)
    for host, facts in observed.reached().items():
        live = _live(facts, cluster.name)
        if live is None or not live.nodes:
            because = "the cluster is not online in its kernel"
            yield Change(f"{member(host)}/live-nodes", host, "kernel", None, want, because)
        elif _nodes(live) != want:
            present = {node.name.lower() for node in live.nodes}
            new = [m.name for m in cluster.members if m.name.lower() not in present]
            because = f"{', '.join(new)} joins" if new else "its list differs from the file"
            yield Change(
                f"{member(host)}/live-nodes", host, "kernel", _nodes(live), want, because
            )


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Register in running kernels, start the others; then all lists must be the same."""
    if not changes:
        return
    want = wanted(cluster)
    for change in changes:
        yield _bring(cluster, change, want)
    hosts = tuple(m.name for m in cluster.members)
    yield Action(
        id=f"{cluster.name}/all/same-live-nodes",
        kind="same-live-nodes",
        host="",
        address=f"cluster/{cluster.name}/live-nodes",
        summary=f"barrier: the same live node list in {len(hosts)} kernels",
        because="a mount while the lists differ is refused by the kernels after 70 s",
        risk="safe",
        command=None,
        expects=(Fact(hosts, "live-nodes", cluster.name, want),),
    )


def _bring(cluster: Cluster, change: Change, want: str) -> Action:
    running = change.before is not None
    kind = "register-nodes" if running else "start-cluster"
    return Action(
        id=f"{cluster.name}/{change.host}/{kind}",
        kind=kind,
        host=change.host,
        address=change.address,
        summary=f"register the nodes of {cluster.name} in the running kernel"
        if running
        else f"bring cluster {cluster.name} online",
        because=change.because,
        risk="safe",
        command=gate_command("do", "o2cb", "register-cluster", cluster.name)
        if running
        else gate_command("do", "systemctl", "restart", "o2cb.service", timeout=START_TIMEOUT),
        # A restart under a mount does nothing, or worse: never where OCFS2 is mounted.
        requires=() if running else (Fact((change.host,), "ocfs2-mounts", "", "none"),),
        expects=(Fact((change.host,), "live-nodes", cluster.name, want),),
        seconds=2 if running else 8,
    )


def live_nodes(facts: HostFacts, name: str) -> str:
    """The live list of a cluster; a list without exactly one local node is no list."""
    live = _live(facts, name)
    if live is None or not live.nodes:
        return "absent"
    local = [node.name for node in live.nodes if node.local]
    return _nodes(live) if len(local) == 1 else f"{_nodes(live)} (local: {local or 'none'})"


NEEDS = ("identity", "addresses", "live")
READINGS = {
    "live-nodes": Reading(("live",), live_nodes),
}

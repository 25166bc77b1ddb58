"""The kernels' live node lists: who is known to whom, on every member alike.

The order of a join is in ``planning.planner``; here is what each host must be told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from reconciler.gate import gate_command
from reconciler.gate.action_builders import action_for, barrier
from reconciler.model.addresses import cluster_address, member_address
from reconciler.model.desired import Cluster
from reconciler.model.host_names import host_key
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, Live, LiveCluster, LiveNode, Observed, require
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, ActionKind, Change, Fact
from reconciler.model.reading import Reading, unknown
from reconciler.model.roles import leaving, listed_members, names_elsewhere, online, staying
from reconciler.model.unmanaged import STACK, leave_or_move, manager_of, unsayable_name
from reconciler.resources.membership import names
from reconciler.resources.membership.preflight import closed_ports

# A service start takes 16-20 s on a busy lab host; three times that, and some.
START_TIMEOUT = 90.0
STOP_TIMEOUT = 90.0


@once_each()
def wanted_list(cluster: Cluster) -> str:
    """The live list that every kernel must have, in the words of the reading."""
    nodes = sorted(
        (m.number or 0, m.name, str(m.interconnect), m.port) for m in listed_members(cluster)
    )
    return _words(nodes)


def _words(nodes: Sequence[tuple[int, str, str, int]]) -> str:
    return "; ".join(f"{number} {name} {ip}:{port}" for number, name, ip, port in nodes)


def _nodes(live: LiveCluster) -> str:
    return _words_of(live.nodes)


@once_each(4096)
def _words_of(nodes: tuple[LiveNode, ...]) -> str:
    return _words(sorted((n.number, n.name, n.ip, n.port) for n in nodes))


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse hosts that are not who the file says, and foreign clusters and stacks."""
    reached, stays = observed.answering_hosts(), staying(cluster)
    for item in cluster.members:
        facts = reached.get(item.name)
        if facts is None:
            continue
        yield from names.check_name(cluster, item.name, facts)
        if item.name in stays:
            yield from _check_address(item.name, str(item.interconnect), facts)
            yield from _check_live(cluster, item.name, require(facts.live))
            yield from names.check_spelling(cluster, item.name, facts)
    yield from names.check_domains(cluster, reached.values())
    yield from closed_ports(cluster, observed)


def _check_address(name: str, address: str, facts: HostFacts) -> Iterator[Blocked]:
    addresses = require(facts.addresses)
    if address not in {item.ip for item in addresses}:
        present = ", ".join(f"{a.ip} ({a.interface})" for a in addresses if a.interface != "lo")
        yield Blocked(
            "interconnect-not-on-host",
            member_address(name),
            f"{address} is not an address of this host; it has {present or 'none'}",
            "correct interconnect, or bring the interface up",
        )


def _check_live(cluster: Cluster, host: str, live: Live) -> Iterator[Blocked]:
    if live.stack not in ("", STACK):
        yield Blocked(
            "foreign-stack",
            member_address(host),
            f"its kernel runs the cluster stack {live.stack}, which is {manager_of(live.stack)}'s: "
            f"that mounts and fences there, and this version manages {STACK} only",
            leave_or_move(host, live.stack, "the settings of o2cb"),
        )
    for found in live.clusters:
        if found.name != cluster.name:
            yield Blocked(
                "foreign-cluster",
                member_address(host),
                f"the kernel runs cluster {found.name}, not {cluster.name}",
                unsayable_name(found.name) or f"take {host} out of cluster {found.name} first",
            )


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Kernels without the cluster, with another list of its nodes, or still with it."""
    want, members = wanted_list(cluster), frozenset(online(cluster))
    why: dict[str, str] = {}  # most have the same list
    for host, facts in observed.answering_hosts().items():
        live = require(facts.live).cluster(cluster.name)
        where = member_address(host, "live-nodes")
        if host not in members:
            if live is not None and live.nodes:
                because = (
                    f"{host} leaves" if host in leaving(cluster) else "all stop for a while"
                )
                yield Change(where, host, "kernel", _nodes(live), None, because)
        elif live is None or not live.nodes:
            because = "the cluster is not online in its kernel"
            yield Change(where, host, "kernel", None, want, because)
        elif (have := live_nodes(facts, cluster.name)) != want:
            if have not in why:
                why[have] = _because(cluster, live, names_elsewhere(cluster, observed))
            yield Change(where, host, "kernel", _nodes(live), want, why[have])


def _because(cluster: Cluster, live: LiveCluster, known: Collection[str]) -> str:
    if not any(node.local for node in live.nodes):
        return "no node of it is local: the host had another name when it was brought online"
    have = {
        host_key(node.name): f"{node.number} at {node.ip}:{node.port}" for node in live.nodes
    }
    want = {host_key(m.name): m for m in listed_members(cluster)}
    words = [
        f"{m.name} is missing from it" if name in known else f"{m.name} joins"
        for name, m in want.items()
        if name not in have
    ]
    words += [f"{name} leaves" for name in have if name not in want]
    words += [
        f"{m.name} moves from {have[name]} to {m.number} at {m.interconnect}:{m.port}"
        for name, m in want.items()
        if name in have and have[name] != f"{m.number} at {m.interconnect}:{m.port}"
    ]
    return ", ".join(words) or "its list differs from the file"


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Register in running kernels, start or stop the others; then all lists must be the same."""
    want = wanted_list(cluster)
    for change in changes:
        yield (
            _bring(cluster, change, observed.answering_hosts()[change.host])
            if change.after is not None
            else _stop(cluster, change)
        )
    if any(change.after is not None for change in changes):
        hosts = online(cluster)
        yield barrier(
            (cluster.name, "same-live-nodes"),
            cluster_address(cluster.name, "live-nodes"),
            f"the same live node list in {len(hosts)} kernels",
            "a mount while the lists differ is refused by the kernels after 70 s",
            Fact(hosts, "live-nodes", cluster.name, want),
        )
    if any(_gains(change) for change in changes):
        places = _listening(cluster)
        facts = [
            Fact((host,), "reaches", peers, "all")
            for host in online(cluster)
            if (peers := " ".join(place for place, name in places if name != host))
        ]
        if facts:
            yield barrier(
                (cluster.name, "peers-connect"),
                cluster_address(cluster.name, "interconnect"),
                "every member reaches every other on the interconnect",
                "a firewall between one pair would hang the volume on all members",
                *facts,
            )


def _gains(change: Change) -> bool:
    """Whether a kernel gets a node that it does not have, has at another place, or not as local."""
    after = str(change.after).split("; ") if change.after is not None else []
    new = set(after) - set(str(change.before or "").split("; "))
    return bool(new) or change.before == change.after


def _listening(cluster: Cluster) -> list[tuple[str, str]]:
    """Where members listen, and who; each has the cluster online by then."""
    runs = frozenset(online(cluster))
    return sorted(
        (f"{m.interconnect}:{m.port}", m.name) for m in cluster.members if m.name in runs
    )


def _stop(cluster: Cluster, change: Change) -> Action:
    return action_for(
        cluster.name,
        change,
        "stop-cluster",
        risk="outage",
        summary=f"take cluster {cluster.name} offline",
        command=gate_command("do", "systemctl", "stop", "o2cb.service", timeout=STOP_TIMEOUT),
        # With a mount o2cb stays up and says nothing; ocfs2.service would kill what uses it.
        requires=(
            Fact((change.host,), "ocfs2-mounts", "", "none"),
            Fact((change.host,), "regions", cluster.name, "none"),
        ),
        expects=(Fact((change.host,), "live-nodes", cluster.name, "absent"),),
        seconds=4,
    )


def _bring(cluster: Cluster, change: Change, facts: HostFacts) -> Action:
    """Only a start makes a node local; one without it has nothing mounted."""
    want, live = wanted_list(cluster), require(facts.live).nodes(cluster.name)
    running = any(node.local for node in live)
    kind: ActionKind = "register-nodes" if running else "start-cluster"
    return action_for(
        cluster.name,
        change,
        kind,
        summary=f"register the nodes of {cluster.name} in the running kernel"
        if running
        else f"bring cluster {cluster.name} online",
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
    live = require(facts.live).cluster(name)
    if live is None or not live.nodes:
        return "absent"
    local = [node.name for node in live.nodes if node.local]
    return _nodes(live) if len(local) == 1 else f"{_nodes(live)} (local: {local or 'none'})"


def regions(facts: HostFacts, name: str) -> str:
    """The heartbeat regions and DLM domains that the kernel still has."""
    live = require(facts.live).cluster(name)
    found = [region.uuid for region in live.regions] if live else []
    return ", ".join([*found, *require(facts.live).domains]) or "none"


def reaches(facts: HostFacts, places: str) -> str:
    """Which of some IP:PORT do not accept a connection from a host; ``all`` if each does."""
    states = {item.target: item.state for item in require(facts.interconnect)}
    closed = [
        f"{p} {states.get(p, 'untried')}" for p in places.split() if states.get(p) != "open"
    ]
    shut = [item for item in closed if not item.endswith((" unknown", " untried"))]
    if closed and not shut:
        tried = [item for item in closed if item.endswith(" unknown")]
        why = "there is no tool to try it with" if tried else "the probe did not try it"
        return unknown(f"whether {', '.join(closed)}: {why}")
    return ", ".join(shut) or "all"


def boot(facts: HostFacts, _subject: str) -> str:
    """The boot that the host is in."""
    return require(facts.identity).boot_id


NEEDS = ("identity", "addresses", "live")
READINGS = {
    "boot": Reading(("identity",), boot),
    "live-nodes": Reading(("live",), live_nodes),
    "regions": Reading(("live",), regions),
    "reaches": Reading(("interconnect",), reaches),
}

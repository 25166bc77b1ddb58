"""What waits for a member that is offline: its own list cannot be changed with the others'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.addresses import member_address
from reconciler.model.desired import Cluster, Member
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action
from reconciler.model.roles import listed_members, restrict_to, staying
from reconciler.planning.kinds import RETIMES, having
from reconciler.planning.resolve.numbering import conf_places, live_nodes
from reconciler.resources.o2cb.changes import wanted_settings as settings
from reconciler.resources.o2cb.parsing import parse_settings

RETIMING = frozenset(having(RETIMES))


def check(cluster: Cluster, observed: Observed, actions: Sequence[Action]) -> Iterator[Blocked]:
    """Refuse to change lists or timeouts while a member does not hear of it."""
    away = [m for m in cluster.members if m.role == "offline"]
    if not away or not actions:
        return
    stays = restrict_to(observed, staying(cluster)).answering_hosts()
    retimes = any(a.kind in RETIMING and a.host in stays for a in actions) or any(
        _retimed(cluster, facts) for facts in stays.values()
    )
    lists = {places for facts in stays.values() if (places := _places(cluster, facts))}
    changes = bool(lists) and frozenset(map(_wanted, listed_members(cluster))) not in lists
    for item in away:
        if retimes or changes:
            yield Blocked(
                "member-offline",
                member_address(item.name),
                f"{item.name} is offline and would come back with the old "
                f"{'timeouts' if retimes else 'node list'}",
                f"wait until {item.name} is back (state: present), or attest it dead",
            )
        elif not any(host_key(item.name) in {place[0] for place in found} for found in lists):
            yield Blocked(
                "member-offline",
                member_address(item.name),
                f"{item.name} is on no list: a host joins when it is there",
                "make it present when it is, or leave it out until then",
            )


Listed = tuple[str, int, str, int]


def _wanted(member: Member) -> Listed:
    return (host_key(member.name), member.number or 0, str(member.interconnect), member.port)


def _places(cluster: Cluster, facts: HostFacts) -> frozenset[Listed]:
    """The list of a host's kernel; of its file, where the cluster is not online."""
    live = [(host_key(n.name), n.number, n.ip, n.port) for n in live_nodes(cluster, facts)]
    return frozenset(
        live or ((host_key(name), *place) for name, place in conf_places(cluster, facts))
    )


def _retimed(cluster: Cluster, facts: HostFacts) -> bool:
    """Whether a host that has a list starts with other timeouts than the file wants."""
    if isinstance(facts.o2cb_config, Unknown) or not _places(cluster, facts):
        return False
    have = parse_settings(facts.o2cb_config.text or "")
    want = settings(cluster)
    return any(have.get(key, want[key]) != want[key] for key in TIMED)


TIMED = ("O2CB_HEARTBEAT_THRESHOLD", "O2CB_IDLE_TIMEOUT_MS", "O2CB_KEEPALIVE_DELAY_MS")

"""Hosts beside the members: looked at only when something is to be done there, and before it.

Nothing is asked of them while there is nothing to do: planning must not depend on an array that
is only needed once a year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.desired import Cluster
from reconciler.model.gate_call import gate_call
from reconciler.model.observed import HostFacts, LogicalVolume, Observed, Unknown, Unreachable
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action
from reconciler.model.quantities import format_sizes
from reconciler.model.refusals import host_remedy
from reconciler.model.roles import contacted_members

# As the gate has it: a pool at most so full, in percent, is safe to promise more of.
FULLEST = 80.0


def helper_hosts(cluster: Cluster) -> frozenset[str]:
    """Every host on which the file has something done beside what members do for themselves."""
    found = {v.access.revoke.host for v in cluster.volumes if v.access}
    for backing in (v.backing for v in cluster.volumes if v.backing):
        found |= {how.host for how in (backing.lvm, backing.command) if how}
    return frozenset(found | {v.backup.host for v in cluster.volumes if v.backup})


def non_member_hosts(cluster: Cluster) -> tuple[str, ...]:
    """Those of them that are no members."""
    return tuple(sorted(helper_hosts(cluster) - {m.name for m in cluster.members}))


def hosts_to_probe(
    cluster: Cluster, actions: Sequence[Action]
) -> Mapping[str, tuple[str, ...]]:
    """Whom to look at before these actions, and at which logical volumes, VG/LV, of theirs."""
    members = {m.name for m in contacted_members(cluster)}
    found: dict[str, dict[str, None]] = {}
    for action in actions:
        extended = _extended(action)
        if extended or (action.host and action.host not in members):
            volumes = found.setdefault(action.host, {})
            volumes |= dict.fromkeys([extended[0]] if extended else [])
    return {host: tuple(volumes) for host, volumes in sorted(found.items())}


def check(cluster: Cluster, observed: Observed, actions: Sequence[Action]) -> Iterator[Blocked]:
    """Refuse what could not be done there; hosts not looked at yet are not judged."""
    for host in hosts_to_probe(cluster, actions):
        facts = observed.storage.get(host)
        if isinstance(facts, Unreachable):
            remedy = f"{host_remedy(host, facts.code)}; plan again"
            yield Blocked(facts.code, _subject(host), facts.message, remedy)
        elif facts is not None:
            yield from _not_root(host, facts)
            for action in (a for a in actions if a.host == host):
                yield from _check_extended(action, facts)


def _subject(host: str) -> str:
    return f"storage/{host}"


def _not_root(host: str, facts: HostFacts) -> Iterator[Blocked]:
    if isinstance(facts.identity, Unknown) or facts.identity.uid != 0:
        yield Blocked(
            "not-root",
            _subject(host),
            f"commands do not run as root on {host}",
            "log in as root, or set ssh.sudo: true with a NOPASSWD rule",
        )


def _extended(action: Action) -> tuple[str, int] | None:
    """The logical volume that an action extends, and to how many bytes."""
    call = gate_call(action.command.argv) if action.command else None
    if call is None or call.verb != "extend-lv":
        return None
    group, volume, least = call.arguments
    return f"{group}/{volume}", int(least)


def _check_extended(action: Action, facts: HostFacts) -> Iterator[Blocked]:
    wish = _extended(action)
    if wish is None:
        return
    name, least = wish
    if isinstance(facts.logical_volumes, Unknown):
        yield Blocked(
            "section-unread",
            _subject(action.host),
            f"{name} could not be looked at: {facts.logical_volumes.reason}",
            f"log in on {action.host} and try: lvs {name}; then plan again",
        )
        return
    found = next((v for v in facts.logical_volumes if v.name == name), None)
    if found is None or found.missing:
        why = found.missing if found else "it was not told of"
        yield Blocked(
            "backing-missing",
            action.address,
            f"{action.host}: {name}: {why.strip()}",
            "correct backing.lvm, or its host",
        )
    elif found.size < least:
        yield from _check_room(action, found, least)


def _check_room(action: Action, volume: LogicalVolume, least: int) -> Iterator[Blocked]:
    if volume.pool is None:
        extent = max(volume.extent, 1)
        need = -(-(least - volume.size) // extent) * extent
        if volume.free < need:
            group = volume.name.split("/", maxsplit=1)[0]
            needs, has = format_sizes(need, volume.free)
            yield Blocked(
                "no-space",
                action.address,
                f"{action.host}: {volume.name} needs {needs} more, volume group {group} "
                f"has {has} free",
                f"add a disk to {group} (vgextend), or ask for less",
            )
        return
    used = (volume.data, volume.metadata)
    if any(percent is None or percent > FULLEST for percent in used):
        words = " and ".join("unknown" if one is None else f"{one} %" for one in used)
        yield Blocked(
            "thin-pool-full",
            action.address,
            f"{action.host}: data and metadata of pool {volume.pool}: {words} in use",
            "enlarge the pool, or free some of it",
        )

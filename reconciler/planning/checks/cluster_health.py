"""Between hosts: the next one is touched only while the cluster is well (I29).

By kind of action, and in one place: a resource cannot forget it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.model.addresses import member_address, parse_address, volume_address
from reconciler.model.desired import Cluster
from reconciler.model.devices import ref
from reconciler.model.heartbeats import beside_mounts
from reconciler.model.observed import HostFacts, Observed, Unknown, Unreachable
from reconciler.model.outcome import Blocked, refuse_unread
from reconciler.model.plan import Action, Fact
from reconciler.model.roles import contacted_members
from reconciler.model.units import full_names
from reconciler.planning.kinds import ADMITS, DISTURBS, having
from reconciler.resources.health.log import newer
from reconciler.resources.health.readings import (
    READINGS,
    WELL,
    problems,
    subject,
    unrecognized_volumes,
)

# What takes something from a host that serves, makes its I/O wait, or changes what all know.
TOUCHES = frozenset(having(DISTURBS))
# What lets an agent mount.
STARTS = frozenset(having(ADMITS))


def guard_actions(
    cluster: Cluster, observed: Observed, actions: Sequence[Action]
) -> tuple[Action, ...]:
    """The actions, of which those that touch a host ask first whether all is well."""
    members = {m.name for m in contacted_members(cluster)}
    hosts = tuple(name for name in observed.answering_hosts() if name in members)
    paths = {volume_address(v.label): v.mount.path for v in cluster.volumes}

    def asked(action: Action) -> Action:
        if action.kind in STARTS:
            alone = _alone(cluster, observed, action)
            return replace(action, requires=(*action.requires, *alone))
        apart = paths.get(action.address, "") if action.kind == "unmount" else ""
        fact = Fact(hosts, "healthy", subject(cluster, apart), WELL)
        return replace(action, requires=(*action.requires, fact))

    return tuple(asked(a) if a.kind in TOUCHES | STARTS and hosts else a for a in actions)


def _alone(cluster: Cluster, observed: Observed, action: Action) -> Iterator[Fact]:
    """An agent that mounts a volume itself is started beside no stranger, as we would mount."""
    # Also of member/HOST/service/UNIT/boot: a unit that is to be enabled is unmasked for that.
    unit = parse_address(action.address).aspect[1]
    for volume in cluster.volumes:
        services = volume.workloads.services if volume.workloads else ()
        if volume.mounted_by == "workload" and unit in full_names(services):
            beats = beside_mounts(cluster, volume, observed)
            yield Fact((action.host,), "heartbeats", f"{ref(volume)} {beats}", "explained")


def since(began: Observed, now: Observed) -> Observed:
    """``now``, with those of the kernels' messages that came after ``began``: a run's first look.

    A host that was not read then has all of them.
    """
    hosts: dict[str, HostFacts | Unreachable] = {}
    for name, facts in now.hosts.items():
        old = began.answering_hosts().get(name)
        before = () if old is None or isinstance(old.log, Unknown) else old.log
        if isinstance(facts, HostFacts) and not isinstance(facts.log, Unknown):
            hosts[name] = replace(facts, log=newer(before, facts.log))
        else:
            hosts[name] = facts
    return replace(now, hosts=hosts)


def check(observed: Observed, actions: Sequence[Action]) -> Iterator[Blocked]:
    """Refuse to begin where it is seen already that it would stop; of old messages nothing."""
    facts = [f for a in actions for f in a.requires if f.reading == "healthy"]
    for host in facts[0].hosts if facts else ():
        seen = observed.answering_hosts().get(host)
        if seen is None:
            continue  # blocks by itself, or stops the first of them
        needed = {name: getattr(seen, name) for name in READINGS["healthy"].sections}
        unread = {k: v.reason for k, v in needed.items() if isinstance(v, Unknown)}
        yield from (refuse_unread(host, key, reason) for key, reason in unread.items())
        if unread:
            continue
        ill = (*problems(replace(seen, log=()), facts[0].subject), *unrecognized_volumes(seen))
        if ill:
            yield Blocked(
                "cluster-not-well",
                member_address(host),
                "; ".join(ill),
                f"see on {host} why (dmesg), wait until it is over or mend it, then plan again: "
                "the next host is touched only while all others serve",
            )

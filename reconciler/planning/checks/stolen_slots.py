"""No step of a plan mounts beside node 0 with a kernel that takes its slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.addresses import member_address
from reconciler.model.desired import Cluster
from reconciler.model.devices import has_mounted, ref
from reconciler.model.faulty_kernels import gives_slot_zero_away
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action
from reconciler.planning.kinds import ADMITS, MOUNTS, having
from reconciler.resources.skew.lost_slots import CODE, skew_words


def stolen_slots(
    cluster: Cluster, before: Observed, after: Observed, actions: Sequence[Action]
) -> Iterator[Blocked]:
    """Refuse who mounts while node 0 has a volume before the step or after it.

    Actions of a step run side by side: who unmounts in it may still be there.
    """
    mounting = {a.host for a in actions if a.kind in {*having(MOUNTS), *having(ADMITS)}}
    zeros = {
        name
        for observed in (before, after)
        for name, facts in observed.answering_hosts().items()
        if _is_zero(cluster, facts)
    }
    for host in sorted(mounting):
        facts = before.answering_hosts().get(host)
        if facts is None or isinstance(facts.kernel, Unknown):
            continue
        release, version = facts.kernel.running, facts.kernel.version
        if (others := zeros - {host}) and gives_slot_zero_away(release, version):
            yield Blocked(
                CODE, member_address(host), *skew_words(host, release, min(others), cluster)
            )


def _is_zero(cluster: Cluster, facts: HostFacts) -> bool:
    """Whether it is node 0 in its kernel, with a volume mounted; what is unread is refused by others."""
    live = facts.live
    if isinstance(live, Unknown) or Unknown in {type(facts.mounts), type(facts.wanted)}:
        return False
    zero = next((node for node in live.nodes(cluster.name) if node.number == 0), None)
    local = zero is not None and zero.local
    return local and any(has_mounted(facts, ref(volume)) for volume in cluster.volumes)

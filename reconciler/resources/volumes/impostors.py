"""Another machine under a member's name or number: who left the heartbeat may only be paused."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import volume_address
from reconciler.model.bindings import recorded_bindings
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import chosen_uuid, has_mounted, ref
from reconciler.model.heartbeats import accepted_blocks, heartbeat_view
from reconciler.model.host_names import host_key, is_same_host
from reconciler.model.observed import Observed, Unknown
from reconciler.model.outcome import Blocked
from reconciler.model.roles import confirmed_members, left_members, restrict_to, staying
from reconciler.resources.cluster_conf.grammar import ConfInvalid, parse_conf
from reconciler.resources.quarantine.entries import Known, known_members, readable_entries
from reconciler.resources.volumes.changes import describe_device, views


def attestation(*nodes: int) -> str:
    """The lines of a file that accept blocks as they stand."""
    items = ", ".join(f"{{number: {node}, by: YOUR-NAME, at: DATE}}" for node in nodes)
    return f"heartbeat: {{attested: [{items}]}}"


def replaced_machines(
    cluster: Cluster, volume: Volume, observed: Observed, silent: frozenset[int]
) -> Iterator[Blocked]:
    """Under a member's name another machine may answer, while the one that left it is paused.

    One in quarantine was attested dead when it was dropped; another one may have its name since.
    """
    was, known = known_members(cluster, observed), accepted_blocks(cluster, volume, observed)
    dropped = {(host_key(e.name), e.number) for e in readable_entries(cluster, observed)}
    out = left_members(cluster)  # of whom the record alone tells, as of a stranger
    for item in cluster.members:
        facts = None if item.name in out else observed.answering_hosts().get(item.name)
        old = was.get(host_key(item.name))
        if old is None or facts is None or isinstance(facts.identity, Unknown):
            continue
        if (
            old.number in silent
            and not old.passed_on
            and not _is_same(cluster, observed, item.name, old)
            and old.number not in known
            and (host_key(item.name), old.number) not in dropped
        ):
            yield Blocked(
                "foreign-heartbeat",
                volume_address(volume.label),
                f"{describe_device(volume)}: node {old.number} has left a heartbeat there, and another "
                f"machine answers as {item.name} since{_as_clones(old, facts.identity.machine_id)}: "
                "the former one may only be paused",
                "power the former machine off for certain. Only if it is gone for good, say so "
                f"in the file, under the cluster: {attestation(old.number)}",
            )


def _as_clones(old: Known, machine: str) -> str:
    """What is said of machines that only their machine ids do not tell from each other."""
    if old.machine_id != machine:
        return ""
    return ", or the same one without its list: other hosts have its machine id, too"


def _is_same(cluster: Cluster, observed: Observed, name: str, old: Known) -> bool:
    """Whether the machine that answers under a name is the one on record; so if none is.

    Where all are clones of one template its own list tells: another one has none with its number.
    """
    facts = observed.answering_hosts()[name]
    machines = [
        other.identity.machine_id
        for other in observed.answering_hosts().values()
        if not isinstance(other.identity, Unknown)
    ]
    if isinstance(facts.identity, Unknown) or old.machine_id != facts.identity.machine_id:
        return not old.machine_id
    if machines.count(old.machine_id) == 1 or isinstance(facts.cluster_conf, Unknown):
        return True  # a list that cannot be read is refused by itself
    try:
        nodes = parse_conf(facts.cluster_conf.text or "").nodes
    except ConfInvalid:
        return False
    return any(
        node.cluster == cluster.name
        and node.number == old.number
        and is_same_host(node.name, name)
        for node in nodes
    )


def others_members(
    cluster: Cluster, volume: Volume, observed: Observed, silent: frozenset[int]
) -> Iterator[Blocked]:
    """A list tells whose a block is only on a file system that somebody of that list ever had.

    One that no member remembers, has mounted, or would have made so, may be of another cluster:
    there a host of the same number may be paused.
    """
    if not silent or _is_remembered(cluster, volume, observed):
        return
    view = heartbeat_view(cluster, volume, observed)
    now = {beat.node: beat.block for beat in (view.beats if view else None) or ()}
    known = accepted_blocks(cluster, volume, observed)
    left = sorted(node for node in silent if known.get(node, "") != now.get(node))
    if left:
        names = {m.number: m.name for m in cluster.members}
        words = ", ".join(f"node {n} ({names.get(n, 'of no member')})" for n in left)
        yield Blocked(
            "foreign-heartbeat",
            volume_address(volume.label),
            f"{describe_device(volume)}: a heartbeat was left there by {words}, and no member "
            "remembers that file system: it may be another cluster's, whose host of that number is "
            "only paused",
            "find out whose the volume is; if it is another cluster's, give its device back. Only if "
            f"it is this cluster's own, say so in the file, under the cluster: {attestation(*left)}",
        )


def _is_remembered(cluster: Cluster, volume: Volume, observed: Observed) -> bool:
    """Whether a run of this cluster made the file system, or had it mounted, or a member has.

    A joiner's memory is of another life. Where the UUID of what had a label is on record, that
    alone counts.
    """
    members = confirmed_members(cluster, observed)
    stays = restrict_to(observed, staying(cluster))
    uuids = {v.superblock.uuid for v in views(volume, stays).values() if v.superblock}
    told = [b for host, b in recorded_bindings(cluster, observed).items() if host in members]
    uuids -= {uuid for record in told for uuid, _wwid in record.values()}
    uuids -= {chosen_uuid(cluster, volume, observed)}
    bound = {label for record in told for label in record}
    return (
        not uuids
        or not bound.issuperset(volume.last_applied.labels)
        or any(has_mounted(facts, ref(volume)) for facts in members.values())
    )

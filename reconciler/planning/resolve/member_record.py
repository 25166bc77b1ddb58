"""Who every member is and was, by number and machine, as the members have it on record."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.devices import still_mapped
from reconciler.model.heartbeat_owners import (
    MEMBERS,
    LeftBlock,
    kernel_places,
    numbers_of_answering,
)
from reconciler.model.heartbeats import heartbeat_view, is_left
from reconciler.model.host_names import host_key
from reconciler.model.observed import HostFacts, Observed, TextFile, Unknown
from reconciler.model.records import DIRECTORY, MODE, record
from reconciler.model.roles import (
    left_members,
    listed_members,
    restrict_to,
    staying,
    with_members,
)
from reconciler.resources.quarantine.entries import (
    Known,
    entries,
    known_members,
    members_text,
    places_of,
)


def roster_text(numbered: Cluster, observed: Observed) -> str:
    """The record of number and machine of everyone who is or was a member.

    While a block stands still under a number, the machine on record stays who it is: another one
    may answer under its name.
    """
    known = known_members(numbered, observed)
    found, doubtful = dict(known), _doubtful_numbers(numbered, observed)
    silent, listed = _silent_numbers(numbered, observed), kernel_places(numbered, observed)
    out, standing = left_members(numbered), _standing_blocks(numbered, observed)
    reached = observed.answering_hosts()
    for item in numbered.members:
        name = host_key(item.name)
        facts = reached.get(item.name)
        old = found.get(name, Known(-1, ""))
        now = _machine(facts)
        machine = old.machine_id if old.machine_id and old.number in silent else now
        number = old.number if item.number is None else item.number
        if item.name in out and name not in known and (number, name) not in listed:
            continue  # by a file alone, which may be of another life
        if number >= 0:
            mapped = _mapped(numbered, item.name, facts, old)
            answers = old.machine_id == now != ""
            numbers = {old.number, number} - doubtful if answers else set[int]()
            left = _left(standing, old, numbers)
            kept = machine or old.machine_id
            found[name] = Known(number, kept, mapped, left, old.passed_on)
    return members_text(_passed_on(numbered, found))


def _machine(facts: HostFacts | None) -> str:
    """The machine that answers; empty if none does, or it does not say."""
    if facts is None or isinstance(facts.identity, Unknown):
        return ""
    return facts.identity.machine_id


def _silent_numbers(cluster: Cluster, observed: Observed) -> frozenset[int]:
    """Numbers under which a block stands still that a machine has left."""
    views = [heartbeat_view(cluster, volume, observed) for volume in cluster.volumes]
    return frozenset(
        beat.node
        for view in views
        if view is not None
        for beat in view.beats or ()
        if view.advancing is not None and is_left(beat) and beat.node not in view.advancing
    )


def _doubtful_numbers(cluster: Cluster, observed: Observed) -> frozenset[int]:
    """Numbers on record under which somebody may beat who does not answer."""
    known = places_of(known_members(cluster, observed))
    numbers = {number for number, _ in known.values()}
    return frozenset(numbers - numbers_of_answering(cluster, observed, known))


def _passed_on(cluster: Cluster, found: Mapping[str, Known]) -> Mapping[str, Known]:
    """The members, with those whose number another one has now."""
    having = {
        host_key(member.name): member.number
        for member in listed_members(cluster)
        if member.number is not None
    }
    given = {*having.values()}
    return {
        name: replace(
            item, passed_on=name not in having and (item.passed_on or item.number in given)
        )
        for name, item in found.items()
    }


def _standing_blocks(cluster: Cluster, observed: Observed) -> Mapping[str, Sequence[LeftBlock]]:
    """By UUID of each volume that was seen the blocks that a crash left under nobody's number."""
    out = left_members(cluster)
    given = {member.number for member in cluster.members if member.name not in out}
    given |= {entry.number for entry in entries(cluster, observed)}
    found: dict[str, Sequence[LeftBlock]] = {}
    for volume in cluster.volumes:
        view = heartbeat_view(cluster, volume, observed)
        if view is not None and view.superblock is not None and view.beats is not None:
            uuid, live = view.superblock.uuid, {*given, *(view.advancing or ())}
            left = [one for one in view.beats if is_left(one) and one.node not in live]
            found[uuid] = [(uuid, one.node, one.block) for one in left]
    return found


def _left(
    standing: Mapping[str, Sequence[LeftBlock]], old: Known, numbers: Collection[int]
) -> tuple[LeftBlock, ...]:
    """Blocks of a machine: under numbers without which it answers, and those on record."""
    seen = {block for blocks in standing.values() for block in blocks}
    kept = {one for one in old.left if one in seen or one[0] not in standing}
    return tuple(sorted({*kept, *(one for one in seen if one[1] in numbers)}))


def _mapped(
    cluster: Cluster, host: str, facts: HostFacts | None, old: Known
) -> tuple[str, ...]:
    """The volumes whose LUN a host that left still sees; as last seen if it is not asked."""
    if host not in left_members(cluster):
        return ()
    return old.mapped if facts is None else tuple(still_mapped(cluster, facts))


def present_roster(cluster: Cluster, observed: Observed) -> str:
    """The record that has to be there before anything changes, if somebody left a heartbeat.

    A host that crashed may get another number, leave, or a host may join that remembers nobody:
    afterwards no kernel tells any more whose block it was. Numbers are those that kernels of ours
    list, or on record. Empty without such a block.
    """
    if not _silent_numbers(cluster, observed):
        return ""
    now = {name: number for number, name in sorted(kernel_places(cluster, observed))}
    had = [m.model_copy(update={"number": now.get(host_key(m.name))}) for m in cluster.members]
    return roster_text(with_members(cluster, had), observed)


def with_present_roster(cluster: Cluster, observed: Observed) -> Observed:
    """The hosts once ``present_roster`` is on record there, as each run leaves it first."""
    text = present_roster(cluster, observed)
    if not text:
        return observed
    digest = hashlib.sha256(text.encode()).hexdigest()
    file = TextFile(f"{DIRECTORY}/{cluster.name}/{MEMBERS}", text, digest, MODE)
    hosts = dict(observed.hosts)
    for name, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        if not isinstance(facts.records, Unknown):
            others = [one for one in facts.records if one.path != file.path]
            if record(facts, cluster.name, MEMBERS).text != text:
                hosts[name] = replace(facts, records=(*others, file))
    return replace(observed, hosts=hosts)

"""What hosts remember of the file's volumes: where they were mounted, how they were labelled.

A path or label counts as ours where the record of the last apply has it for the same device,
a path also where a line of ours in fstab has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import ref
from reconciler.model.last_applied import LastApplied
from reconciler.model.observed import HostFacts, Observed, Unknown, require
from reconciler.model.records import SAME_TEXTS, record
from reconciler.model.roles import (
    GONE,
    confirmed_members,
    contacted_members,
    restrict_to,
    with_volumes,
)
from reconciler.resources.mounts.fstab import BOOT_ORDER, entries
from reconciler.resources.mounts.moves import own_names
from reconciler.resources.workloads.programs import program_of

APPLIED = "applied.json"


def with_last_applied(cluster: Cluster, observed: Observed) -> Cluster:
    """``cluster`` with what its hosts remember of its volumes."""
    told = {
        record(facts, cluster.name, APPLIED).sha256: facts  # mostly all remember the same
        for facts in confirmed_members(cluster, observed).values()
        if not isinstance(facts.records, Unknown)
    }
    old = [volume for facts in told.values() for volume in last(cluster, facts)]
    # Also those of hosts that are to be out: one that was away may still mount where all once did.
    # What is in the file of one that is out is its own by now.
    asked = restrict_to(
        observed, {m.name for m in contacted_members(cluster) if m.role != GONE}
    )
    hosts = tuple(asked.answering_hosts().values())
    return with_volumes(cluster, [_with_past(v, old, hosts) for v in cluster.volumes])


def _with_past(volume: Volume, old: Sequence[Volume], hosts: Sequence[HostFacts]) -> Volume:
    same = [v for v in old if ref(v) == ref(volume)]
    ours = [v.mount.path for v in same if v.mounted_by == "reconcile"]
    ours += [path for facts in hosts for path in _own_lines(volume, facts)]
    last_applied = LastApplied(
        tuple(path for path in dict.fromkeys(ours) if path != volume.mount.path),
        tuple(dict.fromkeys(v.label for v in same)),
        tuple(dict.fromkeys(o for v in same for o in v.mount.options)),
        tuple(dict.fromkeys(words for v in same if (words := program_of(v)))),
    )
    return volume.with_planning_state(last_applied=last_applied)


def last(cluster: Cluster, facts: HostFacts) -> Iterator[Volume]:
    """The volumes of the last applied file, as a host remembers them."""
    for item in applied_items(cluster, facts, "volumes"):
        with suppress(ValidationError):  # not a file of ours
            yield Volume.model_validate(item, strict=False)


def applied_items(cluster: Cluster, facts: HostFacts, key: str) -> list[Any]:
    """The items of a list of the last applied file; none without a record, or a garbled one."""
    if isinstance(facts.records, Unknown):
        return []
    return list(_items(record(facts, cluster.name, APPLIED).text or "{}", cluster.name, key))


@lru_cache(SAME_TEXTS)
def _items(text: str, cluster: str, key: str) -> tuple[Any, ...]:
    try:
        clusters = json.loads(text)["clusters"]
        return tuple(item for c in clusters if c["name"] == cluster for item in c.get(key, []))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()  # what the lists say remains


def _own_lines(volume: Volume, facts: HostFacts) -> Iterator[str]:
    """The paths of a volume's lines in fstab that only a run writes so."""
    if any(isinstance(s, Unknown) for s in (facts.fstab, facts.wanted, facts.disks)):
        return
    own = own_names(volume, facts)
    for entry in entries(require(facts.fstab).text or ""):
        options = entry.line.split()[3:4]
        written = options and set(BOOT_ORDER) <= set(options[0].split(","))
        if written and entry.kind == "ocfs2" and entry.source in own:
            yield entry.path

"""Which file system is on which disk, as the last apply left it: a copy has the same UUID."""

from __future__ import annotations

import json
from collections.abc import Mapping

from reconciler.model.desired import Cluster
from reconciler.model.devices import ref, view_of, wwid_of
from reconciler.model.observed import Observed, Unknown
from reconciler.model.records import record
from reconciler.model.roles import is_withdrawn, restrict_to, staying

VOLUMES = "volumes.json"
# By label the UUID of the file system, and the WWID of its disk.
Bindings = Mapping[str, tuple[str, str]]


def read_bindings(text: str | None) -> Bindings:
    """A record of bindings; ValueError if it is garbled."""
    try:
        return {
            str(label): (str(item["uuid"]), str(item["wwid"]))
            for label, item in json.loads(text or "{}").items()
        }
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{VOLUMES} is garbled: {error}") from error


def bindings_text(bindings: Bindings) -> str:
    """The record of these bindings."""
    items = {label: {"uuid": uuid, "wwid": wwid} for label, (uuid, wwid) in bindings.items()}
    return json.dumps(items, indent=1, sort_keys=True) + "\n"


def bound_now(cluster: Cluster, observed: Observed) -> Bindings:
    """Every volume that all members see alike, on a disk that has a WWID."""
    found = {}
    for volume in (v for v in cluster.volumes if not is_withdrawn(v)):
        pairs = set()
        for facts in restrict_to(observed, staying(cluster)).answering_hosts().values():
            if isinstance(facts.wanted, Unknown) or isinstance(facts.disks, Unknown):
                continue
            view = view_of(facts, ref(volume))
            block = view.superblock if view else None
            pairs.add((block.uuid if block else "", wwid_of(facts, volume) or ""))
        if len(pairs) == 1 and all(pair := next(iter(pairs))):
            found[volume.label] = pair
    return found


def recorded_bindings(cluster: Cluster, observed: Observed) -> Mapping[str, Bindings]:
    """What each member remembers; of a garbled record nothing, which its own check refuses."""
    found: dict[str, Bindings] = {}
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        if isinstance(facts.records, Unknown):
            continue
        try:
            found[host] = read_bindings(record(facts, cluster.name, VOLUMES).text)
        except ValueError:
            found[host] = {}
    return found

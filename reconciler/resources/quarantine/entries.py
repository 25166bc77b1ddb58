"""The records of who is in quarantine, and of who every member was.

``quarantine.json``: hosts that were dropped without having been cleaned, with the node list
that they last had. ``members.json``: number and machine id of every member that a run left
behind, those that left since included: by it a returning host is told from a new one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.records import record

QUARANTINE = "quarantine.json"
MEMBERS = "members.json"


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A host in quarantine; ``nodes`` are number and name of its last list, ascending."""

    name: str
    number: int
    machine_id: str
    nodes: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A member as a run last left it."""

    number: int
    machine_id: str


def entries(cluster: Cluster, observed: Observed) -> tuple[Entry, ...]:
    """Everyone in quarantine on any member: what one of them remembers counts."""
    found = {
        entry
        for facts in observed.reached().values()
        if not isinstance(facts.records, Unknown)
        for entry in read_entries(record(facts, cluster.name, QUARANTINE).text)
    }
    return tuple(sorted(found))


def read_entries(text: str | None) -> Iterator[Entry]:
    """The entries of a record; ValueError if it is garbled, for nobody is forgotten."""
    for item in _list(text):
        try:
            nodes = tuple((int(number), str(name)) for number, name in item["nodes"])
            yield Entry(str(item["name"]), int(item["number"]), str(item["machine_id"]), nodes)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{QUARANTINE} is garbled: {error}") from error


def _list(text: str | None) -> Sequence[Mapping[str, Any]]:
    if text is None:
        return ()
    hosts = json.loads(text)["hosts"] if text.strip() else ()
    return hosts if isinstance(hosts, list) else ()


def entries_text(found: Sequence[Entry]) -> str:
    """The record of these entries."""
    return json.dumps({"hosts": [asdict(entry) for entry in sorted(found)]}, indent=1) + "\n"


def known_members(cluster: Cluster, observed: Observed) -> Mapping[str, Known]:
    """By lower-case name what any member remembers of another; the first to say counts."""
    found: dict[str, Known] = {}
    for facts in observed.reached().values():
        for name, item in _members(facts, cluster.name).items():
            found.setdefault(name, item)
    return found


def _members(facts: HostFacts, cluster: str) -> Mapping[str, Known]:
    if isinstance(facts.records, Unknown):
        return {}
    try:
        items = json.loads(record(facts, cluster, MEMBERS).text or "{}").get("members", {})
        return {
            name.lower(): Known(int(item["number"]), str(item["machine_id"]))
            for name, item in items.items()
        }
    except (ValueError, AttributeError, KeyError, TypeError):
        return {}


def members_text(found: Mapping[str, Known]) -> str:
    """The record of these members."""
    items = {name: asdict(item) for name, item in sorted(found.items())}
    return json.dumps({"members": items}, indent=1) + "\n"

"""The records of who is in quarantine, and of who every member was.

``quarantine.json``: hosts that were dropped without having been cleaned, with the node list
that they last had. ``members.json``: number and machine id of every member that a run left
behind, those that left since included: by it a returning host is told from a new one, and a
heartbeat that a crash left from that of a host which nobody knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from types import MappingProxyType

from reconciler.frozen import frozen
from reconciler.model.desired import Cluster
from reconciler.model.heartbeat_owners import MEMBERS, QUARANTINE, LeftBlock, read_left
from reconciler.model.host_names import host_key
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.records import SAME_TEXTS, record
from reconciler.model.roles import confirmed_members

MOST = 254  # fs/ocfs2/cluster/ocfs2_nodemanager.h


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A host in quarantine; ``nodes`` are number and name of its last list, ascending."""

    name: str
    number: int
    machine_id: str
    nodes: tuple[tuple[int, str], ...]


@frozen
class Known:
    """A member as a run last left it; ``mapped`` are the volumes whose LUN it saw after it left.

    ``left`` are the heartbeat blocks that a crash of its machine left under a number which the
    file gives it no more. Its number is ``passed_on`` if another member has it since, which
    joined where nobody beat under it.
    """

    number: int
    machine_id: str
    mapped: tuple[str, ...] = ()
    left: tuple[LeftBlock, ...] = ()
    passed_on: bool = False


@once_each()
def entries(cluster: Cluster, observed: Observed) -> tuple[Entry, ...]:
    """Everyone in quarantine on any member: what one of them remembers counts.

    A host that joins anew brings its own old record, which does not. ValueError if a record is
    garbled.
    """
    found = {
        entry
        for facts in confirmed_members(cluster, observed).values()
        if not isinstance(facts.records, Unknown)
        for entry in read_entries(record(facts, cluster.name, QUARANTINE).text)
    }
    return tuple(sorted(found))


def readable_entries(cluster: Cluster, observed: Observed) -> tuple[Entry, ...]:
    """As ``entries``; none where a record is garbled, which its own check refuses."""
    try:
        return entries(cluster, observed)
    except ValueError:
        return ()


@lru_cache(SAME_TEXTS)
def read_entries(text: str | None) -> tuple[Entry, ...]:
    """The entries of a record; ValueError if it is garbled, for nobody is forgotten."""
    return tuple(_read_entries(text))


def _read_entries(text: str | None) -> Iterator[Entry]:
    if text is None or not text.strip():
        return
    try:
        for item in json.loads(text)["hosts"]:
            nodes = tuple((_number(n), _word(name)) for n, name in item["nodes"])
            name, machine = _word(item["name"]), _word(item["machine_id"])
            yield Entry(name, _number(item["number"]), machine, nodes)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{QUARANTINE} is garbled: {error}") from error


def _number(value: object) -> int:
    """A node number (0 to 254, o2nm); ValueError if it is none."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError(f"not a node number: {repr(value)[:64]}")
    return value


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"not a word: {repr(value)[:64]}")  # noqa: TRY004  # garbled, not a bug of ours
    return value


def entries_text(found: Sequence[Entry]) -> str:
    """The record of these entries."""
    return json.dumps({"hosts": [asdict(entry) for entry in sorted(found)]}, indent=1) + "\n"


@once_each()
def known_members(cluster: Cluster, observed: Observed) -> Mapping[str, Known]:
    """By lower-case name what any member remembers of another; the first to say counts."""
    found: dict[str, Known] = {}
    told = (
        read_members(f, cluster.name) for f in confirmed_members(cluster, observed).values()
    )
    for known in {id(one): one for one in told}.values():  # one object where texts are the same
        for name, item in known.items():
            found.setdefault(name, item)
    return found


def places_of(known: Mapping[str, Known]) -> Mapping[str, tuple[int, str]]:
    """Number and machine of each that is not passed on."""
    return {n: (one.number, one.machine_id) for n, one in known.items() if not one.passed_on}


def read_members(facts: HostFacts, cluster: str) -> Mapping[str, Known]:
    """What a host remembers; a garbled record is no memory, for nothing is done by it alone."""
    if isinstance(facts.records, Unknown):
        return {}
    return _read_members(record(facts, cluster, MEMBERS).text or "{}")


@lru_cache(SAME_TEXTS)
def _read_members(text: str) -> Mapping[str, Known]:
    try:
        items = json.loads(text).get("members", {})
        found = {
            host_key(_word(name)): Known(
                _number(item["number"]),
                _word(item["machine_id"]),
                tuple(_word(label) for label in item.get("mapped", ())),
                read_left(item),
                bool(item.get("passed_on")),
            )
            for name, item in items.items()
        }
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return MappingProxyType({})
    return MappingProxyType(found)


def members_text(found: Mapping[str, Known]) -> str:
    """The record of these members."""
    items = {name: asdict(item) for name, item in sorted(found.items())}
    for item in items.values():
        for key in ("mapped", "left", "passed_on"):
            if not item[key]:
                del item[key]
    return json.dumps({"members": items}, indent=1) + "\n"

"""Whether a host sees its cluster well: connections, recovery, heartbeat, errors (I29).

The next host is touched only then. What is read is what the host itself tells, at one moment.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.desired import Cluster
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, LiveCluster, MountPoint, WantedDevice, require
from reconciler.model.reading import Reading, unknown
from reconciler.resources.health.log import trouble

WELL = "well"
NONE = "-"
PAGE = "see `reconcile explain cluster-not-well`"
# Of the time after which a silent host fences itself (hazard 26).
QUARTER = 4


def subject(cluster: Cluster, apart: str = "") -> str:
    """``CLUSTER NUMBERS PATHS``: of whom nothing is expected, and what may be read-only.

    ``apart`` is a path that is about to be unmounted, for whatever reason.
    """
    numbers, asked = _numbers_gone(cluster), _read_only(cluster)
    paths = ",".join(dict.fromkeys([*asked, *([apart] if apart else [])]))
    return f"{cluster.name} {numbers or NONE} {paths or NONE}"


@once_each()
def _numbers_gone(cluster: Cluster) -> str:
    gone = [m.number for m in cluster.members if m.role in {"offline", "dead"}]
    return ",".join(str(number) for number in gone if number is not None)


def _read_only(cluster: Cluster) -> list[str]:
    """Where a volume is read-only because a file says so, or has said so until now."""
    return [
        path
        for v in cluster.volumes
        if "ro" in (*v.mount.options, *v.last_applied.options)
        for path in (v.mount.path, *v.last_applied.paths)
    ]


def health(facts: HostFacts, of: str) -> str:
    """``well``, or what is not, or what could not be read of it."""
    ill = list(problems(facts, of))
    if ill:
        return f"not well ({'; '.join(ill)}): {PAGE}"
    doubts = list(_doubts(facts, of))
    return unknown(f"{'; '.join(doubts)}: {PAGE}") if doubts else WELL


def problems(facts: HostFacts, of: str) -> Iterator[str]:
    """What is not well, as far as it was read; raises TypeError where a section was not."""
    name, _numbers, paths = of.split(" ")
    live = require(facts.live).running(name)
    for mount, view in _volumes(facts):
        if "ro" in mount.options and mount.path not in paths.split(","):
            yield f"{mount.path} is read-only"
        if live is not None:
            yield from _heartbeat(facts, live, mount, view)
            yield from _others(facts, live, of, (mount, view))
    if line := trouble(require(facts.log)):
        yield f"since the run began its kernel logged: {line}"


def _volumes(facts: HostFacts) -> Iterator[tuple[MountPoint, WantedDevice]]:
    """What is mounted of the volumes that were looked at."""
    for mount in require(facts.mounts):
        for view in require(facts.wanted):
            if mount.pid == 1 and mount.device and mount.device == view.device:
                yield mount, view


def unrecognized_volumes(facts: HostFacts) -> Iterator[str]:
    """Mounted volumes whose disk shows no file system: nothing tells who else has them."""
    for mount, view in _volumes(facts):
        if view.superblock is None:
            yield f"no file system could be read from the disk that is mounted at {mount.path}"


def _own(live: LiveCluster) -> int | None:
    return next((node.number for node in live.nodes if node.local), None)


def _heartbeat(
    facts: HostFacts, live: LiveCluster, mount: MountPoint, view: WantedDevice
) -> Iterator[str]:
    """How old the host's own heartbeat is.

    A block's sequence is the clock of who wrote it (cluster/heartbeat.c): here the host's own
    is compared with the host's own. A clock that is set meanwhile makes it look old, or young,
    until the next block two seconds later.
    """
    mine = next((b for b in view.beats or () if b.node == _own(live)), None)
    if mine is None or not mine.dead_ms:
        return
    age = require(facts.identity).clock - int(mine.sequence, 16)
    if int(mine.generation, 16) and age * 1000 * QUARTER > mine.dead_ms:
        yield f"its heartbeat on the volume of {mount.path} is {age} s old"


def _others(
    facts: HostFacts, live: LiveCluster, of: str, volume: tuple[MountPoint, WantedDevice]
) -> Iterator[str]:
    """Who has a slot beats, and is connected; a slot without that is a recovery to come."""
    mount, view = volume
    apart = {_own(live), *_numbers(of)}
    beating = {b.node for b in view.beats or () if int(b.generation, 16)}
    names = {node.number: node.name for node in live.nodes}
    links = require(facts.live).links
    for slot in view.slot_map or ():
        name = names.get(slot.node)
        if slot.node in apart or name is None:  # whom nobody lists is refused by its heartbeat
            continue
        if view.beats is not None and slot.node not in beating:
            yield f"{name} has a slot of {mount.path} and no heartbeat: recovery is under way"
        elif links is not None and name not in links:
            yield f"no connection to {name}, which has {mount.path} mounted"


def _numbers(of: str) -> frozenset[int]:
    _name, numbers, _paths = of.split(" ")
    return frozenset(int(word) for word in numbers.split(",") if word != NONE)


def _doubts(facts: HostFacts, of: str) -> Iterator[str]:
    live = require(facts.live).running(of.split(" ", maxsplit=1)[0])
    if live is None:
        return
    for mount, view in _volumes(facts):
        if view.slot_map is None:
            yield f"the slot map of the volume of {mount.path} was not read"
        if view.beats is None:
            yield f"the heartbeats on the volume of {mount.path} were not read"
        elif not any(b.node == _own(live) and int(b.generation, 16) for b in view.beats):
            yield f"its own heartbeat on the volume of {mount.path} was not seen"
        if require(facts.live).links is None:
            yield "its connections were not read"


READINGS = {"healthy": Reading(("identity", "live", "mounts", "wanted", "log"), health)}

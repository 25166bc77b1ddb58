"""What a member of a cluster is doing now, as its host tells."""

from __future__ import annotations

from reconciler.model.desired import Cluster, Member, Volume
from reconciler.model.devices import ref, view_of
from reconciler.model.documents import Json
from reconciler.model.observed import (
    HostFacts,
    LiveCluster,
    MountPoint,
    Observed,
    Unknown,
    Unreachable,
    WantedDevice,
)
from reconciler.model.roles import CONTACTED, mounting_it

UNKNOWN = "unknown"


def member_status(cluster: Cluster, item: Member, observed: Observed) -> Json:
    """How a member is read, whether it is in, and what it has of each volume."""
    facts = observed.hosts.get(item.name)
    live = _live(cluster, facts) if isinstance(facts, HostFacts) else None
    local = next((n.number for n in live.nodes if n.local), None) if live else None
    return {
        "name": item.name,
        "state": str(item.role),
        "read": _was_read(item, facts),
        "number": item.number if local is None else local,
        "o2cb": _o2cb(cluster, facts),
        "volumes": {
            v.label: _mount(cluster, v, (item.name, local), facts) for v in cluster.volumes
        },
        "live_list": tuple(sorted((n.number, n.name) for n in live.nodes)) if live else None,
    }


def _was_read(item: Member, facts: HostFacts | Unreachable | None) -> str:
    if item.role not in CONTACTED:
        return "not asked"
    return "yes" if isinstance(facts, HostFacts) else "no"


def _live(cluster: Cluster, facts: HostFacts) -> LiveCluster | None:
    return None if isinstance(facts.live, Unknown) else facts.live.running(cluster.name)


def _o2cb(cluster: Cluster, facts: HostFacts | Unreachable | None) -> str:
    if not isinstance(facts, HostFacts) or isinstance(facts.live, Unknown):
        return UNKNOWN
    if _live(cluster, facts):
        return "online"
    others = [c.name for c in facts.live.clusters if c.nodes]
    return f"in {', '.join(others)}" if others else "offline"


def _mount(
    cluster: Cluster,
    volume: Volume,
    who: tuple[str, int | None],
    facts: HostFacts | Unreachable | None,
) -> Json:
    """One volume on one host; ``mounted`` is null if that could not be read.

    ``unread`` says why something of it could not be read on a host that was asked.
    """
    host, number = who
    wanted = host in mounting_it(cluster, volume)
    found: Json = {"wanted": wanted, "mounted": None, "read_only": None, "hidden": None}
    found |= {"path": None, "slot": None, "heartbeat": UNKNOWN, "unread": None}
    if not isinstance(facts, HostFacts):
        return found
    for section in (facts.wanted, facts.mounts):
        if isinstance(section, Unknown):
            return {**found, "unread": section.reason}
    mounts = find_mounts(volume, facts)
    if not mounts:
        return {**found, "mounted": False, "heartbeat": None}
    view = view_of(facts, ref(volume))
    slots = view.slot_map if view else None
    return {
        "wanted": wanted,
        "mounted": True,
        "read_only": "ro" in mounts[0].options,
        "hidden": all(mount.pid != 1 for mount in mounts),
        "path": mounts[0].path,
        "slot": next((s.slot for s in slots or () if s.node == number), None),
        "heartbeat": _heartbeat(view, number),
        "unread": view.unread if view else None,
    }


def find_mounts(volume: Volume, facts: HostFacts) -> list[MountPoint] | None:
    """Where a host has a volume mounted; None where that could not be read."""
    if isinstance(facts.mounts, Unknown) or isinstance(facts.wanted, Unknown):
        return None
    view = view_of(facts, ref(volume))
    if view is None or view.device is None:
        return [m for m in facts.mounts if m.path == volume.mount.path and m.device]
    return [mount for mount in facts.mounts if mount.device == view.device]


def _heartbeat(view: WantedDevice | None, number: int | None) -> str:
    if view is None or view.advancing is None or number is None:
        return UNKNOWN
    return "beats" if number in view.advancing else "silent"

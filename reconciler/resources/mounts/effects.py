"""What is mounted, and beats, after an action; fstab, and what mounts by itself."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.addresses import parse_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import ref, view_of
from reconciler.model.effect import (
    Effects,
    Hosts,
    arguments,
    call_of,
    expected_fact,
    on_all,
    on_host,
    readable_view,
    together,
    with_view,
    written_file,
)
from reconciler.model.observed import (
    HostFacts,
    LiveCluster,
    MountPoint,
    Region,
    Unknown,
    Unreachable,
    require,
)
from reconciler.model.plan import Action
from reconciler.resources.mounts.readings import is_domain_of


def _fstab_written(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    return replace(facts, fstab=written_file(action))


def _disarmed(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    gone = action.expects[0].subject
    kept = tuple(a for a in require(facts.automounts) if f"{a.kind} {a.name} {a.text}" != gone)
    return replace(facts, automounts=kept)


def _mounted(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    path, options = arguments(action)
    call, volume = call_of(action), _volume_of(cluster, action)
    view = view_of(facts, ref(volume))
    if view is None or view.device is None or call is None or call.target is None:
        return facts
    point = MountPoint(path, call.target.node, view.device, ("rw", *options.split(",")), 1)
    facts = replace(facts, mounts=(*require(facts.mounts), point))
    block = view.superblock
    return _with_region(cluster, facts, block.uuid, view.node or "") if block else facts


def _remounted(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    fact = action.expects[0]
    path, ours = fact.subject.rsplit(" ", 1)
    new = () if fact.value in {None, "-"} else tuple(str(fact.value).split(","))
    mounts = tuple(
        replace(m, options=(*(o for o in m.options if o not in ours.split(",")), *new))
        if m.path == path
        else m
        for m in require(facts.mounts)
    )
    return replace(facts, mounts=mounts)


def _unmounted(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The action tells the UUID: the host itself may not see its device any more."""
    (path,) = arguments(action)
    uuid = expected_fact(action, "unmounted").subject.rsplit(" ", 1)[1]
    kept = tuple(m for m in require(facts.mounts) if m.path != path)
    return _with_region(cluster, replace(facts, mounts=kept, processes=()), uuid)


def _silenced(cluster: Cluster, hosts: Hosts, action: Action) -> Hosts:
    """The heartbeats of who unmounts have ended, as everybody sees it on the disk."""
    who = _own_numbers(hosts.get(action.host))

    def silent(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
        view = readable_view(facts, expected_fact(action, "unmounted").subject.split(" ")[1])
        if view is None or view.beats is None:
            return facts
        beats = tuple(replace(b, generation="0") if b.node in who else b for b in view.beats)
        return with_view(facts, replace(view, beats=beats))

    return on_all(silent)(cluster, hosts, action)


def _own_numbers(facts: HostFacts | Unreachable | None) -> frozenset[int]:
    """The numbers under which a host itself beats."""
    if not isinstance(facts, HostFacts) or isinstance(facts.live, Unknown):
        return frozenset()
    return frozenset(n.number for c in facts.live.clusters for n in c.nodes if n.local)


def _with_region(cluster: Cluster, facts: HostFacts, told: str, device: str = "") -> HostFacts:
    """The heartbeat region of a volume comes with its mount of a device, and goes with it."""
    live, uuid = require(facts.live), told.replace("-", "").upper()
    mine = (Region(uuid, device),) if device else ()

    def with_it(found: LiveCluster) -> LiveCluster:
        kept = [r for r in found.regions if r.uuid.replace("-", "").upper() != uuid]
        return replace(found, regions=(*kept, *mine))

    clusters = tuple(with_it(c) if c.name == cluster.name else c for c in live.clusters)
    domains = tuple(d for d in live.domains if not is_domain_of(d, uuid))
    return replace(facts, live=replace(live, clusters=clusters, domains=domains))


def _volume_of(cluster: Cluster, action: Action) -> Volume:
    """The volume that an action is about."""
    label = parse_address(action.address).name
    return next(v for v in cluster.volumes if v.label == label)


EFFECTS: Effects = {
    "mount": on_host(_mounted),
    "remount": on_host(_remounted),
    "unmount": together(on_host(_unmounted), _silenced),
    "write-fstab": on_host(_fstab_written),
    "clear-fstab": on_host(_fstab_written),
    "disarm": on_host(_disarmed),
}

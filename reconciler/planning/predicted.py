"""What a host will have after an action, as far as later actions are planned from it.

A prediction only decides what is planned: at execution every action checks real facts, so a
wrong one stops a run and cannot mislead it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.gate.steps import digest
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import ref, view_of, whole_disk
from reconciler.model.gate_call import GateCall, gate_call
from reconciler.model.observed import (
    Guest,
    HostFacts,
    Live,
    LiveCluster,
    LiveNode,
    MountPoint,
    Observed,
    Region,
    TextFile,
    Unit,
    Unknown,
    WantedDevice,
    known,
)
from reconciler.model.plan import Action
from reconciler.model.records import DIRECTORY
from reconciler.model.software import UNITS, commands
from reconciler.planning.facts import remaining
from reconciler.resources.cluster_conf.changes import PATH, wanted_nodes

Effect = Callable[[Cluster, HostFacts, Action], HostFacts]


def predicted(cluster: Cluster, observed: Observed, actions: Sequence[Action]) -> Observed:
    """The hosts after ``actions``, which lead to ``cluster``."""
    hosts = dict(observed.hosts)
    for action in actions:
        if any(not remaining((fact,), Observed(hosts)) for fact in action.unless):
            continue
        for host, effect in _effects(action):
            facts = hosts.get(host)
            if isinstance(facts, HostFacts):
                hosts[host] = effect(cluster, facts, action)
    return Observed(hosts)


def _effects(action: Action) -> Iterator[tuple[str, Effect]]:
    if action.kind in EFFECTS:
        yield _shown_on(action), EFFECTS[action.kind]
    if action.kind == "migrate-guest":
        yield action.requires[0].hosts[0], _guest_arrived


def _shown_on(action: Action) -> str:
    """Where the effect is seen: what is done on the storage shows on a member."""
    return action.expects[0].hosts[0] if action.kind == "revoke-access" else action.host


def _installed(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The packages with their commands and units; of their versions nothing is known yet."""
    manager, *words = _arguments(action)
    now = known(facts.packages)
    asked = [word.partition("=") for word in words if not word.startswith("?")]
    names = [name for name, _, _ in asked]
    versions = {name: version or "to be installed" for name, _, version in asked}
    brought = [c for name in names for c in commands(cluster, manager, name)]
    packages = replace(
        now,
        versions={**now.versions, **versions},
        commands=tuple(dict.fromkeys((*now.commands, *brought))),
    )
    facts = replace(facts, packages=packages)
    if cluster.packages.tools not in names or isinstance(facts.services, Unknown):
        return facts
    units = tuple(
        replace(unit, load="loaded")
        if unit.name in UNITS and unit.load == "not-found"
        else unit
        for unit in facts.services
    )
    return replace(facts, services=units)


def _module_installed(_c: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    kernel = known(facts.kernel)
    return replace(facts, kernel=replace(kernel, module_file="to be installed"))


def _module_upgraded(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """What runs stays what it was, and is not what is installed any more."""
    _manager, word, _kernel = _arguments(action)
    name, _, version = word.partition("=")
    now, kernel = known(facts.packages), known(facts.kernel)
    builds = tuple(replace(build, file="to be installed") for build in kernel.builds)
    return replace(
        facts,
        packages=replace(now, versions={**now.versions, name: version}),
        kernel=replace(kernel, builds=builds),
    )


def _module_reloaded(_c: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    kernel = known(facts.kernel)
    builds = tuple(replace(build, running=build.file) for build in kernel.builds)
    loaded = tuple(dict.fromkeys((*kernel.loaded, "ocfs2")))
    return replace(facts, kernel=replace(kernel, builds=builds, loaded=loaded))


def _revoked(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    gone = action.expects[0].subject
    views = tuple(
        replace(v, nodes=(), node=None) if v.ref == gone else v for v in known(facts.wanted)
    )
    return replace(facts, wanted=views)


def _arguments(action: Action) -> tuple[str, ...]:
    """The words after the gate's verb."""
    call = _call(action)
    return call.arguments if call else ()


def _call(action: Action) -> GateCall | None:
    return gate_call(action.command.argv) if action.command else None


def _volume(cluster: Cluster, action: Action) -> Volume:
    """The volume that an action is about."""
    label = action.address.split("/")[1]
    return next(v for v in cluster.volumes if v.label == label)


def _file(action: Action) -> TextFile:
    path, mode, *_ = _arguments(action)
    text = action.command.stdin if action.command else ""
    return TextFile(path, text, digest(text), mode)


def _conf_written(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    return replace(facts, cluster_conf=_file(action))


def _conf_archived(_c: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    return replace(facts, cluster_conf=TextFile(PATH, None))


def _settings_written(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    return replace(facts, o2cb_config=_file(action))


def _fstab_written(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    return replace(facts, fstab=_file(action))


def _record_written(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    new = _file(action)
    assert new.path.startswith(DIRECTORY)  # noqa: S101  # only records are written so
    kept = [file for file in known(facts.records) if file.path != new.path]
    return replace(facts, records=(*kept, new))


def _listed(cluster: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    """The kernel has the cluster with the wanted list."""
    live = known(facts.live)
    old = next((c for c in live.clusters if c.name == cluster.name and c.nodes), None)
    network, beat = cluster.network, cluster.heartbeat
    fresh = old or LiveCluster(
        cluster.name,
        (),
        network.idle_timeout_ms,
        network.keepalive_delay_ms,
        network.reconnect_delay_ms,
        beat.dead_threshold,
        "local",
        "reset",
        (),
    )
    me = known(facts.identity).hostname.lower()
    nodes = tuple(
        LiveNode(n.name, n.number, n.ip, n.port, n.name.lower() == me)
        for n in wanted_nodes(cluster)
    )
    others = tuple(c for c in live.clusters if c.name != cluster.name)
    return replace(
        facts, live=Live("o2cb", (*others, replace(fresh, nodes=nodes)), live.domains)
    )


def _offline(cluster: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    live = known(facts.live)
    others = tuple(c for c in live.clusters if c.name != cluster.name)
    return replace(facts, live=Live(live.stack, others, ()))


def _unmounted(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    (path,) = _arguments(action)
    volume = _volume(cluster, action)
    view = view_of(facts, ref(volume))
    kept = tuple(m for m in known(facts.mounts) if m.path != path)
    facts = replace(facts, mounts=kept, processes=())
    return _with_region(cluster, facts, view, on=False)


def _rescanned(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """The disk and its paths have as much as was asked for."""
    (least,) = _arguments(action)
    volume = _volume(cluster, action)
    view = view_of(facts, ref(volume))
    disk = whole_disk(facts, view) if view else None
    if view is None or disk is None:
        return facts
    names = {disk.name, *disk.slaves}
    size = int(least)
    disks = tuple(
        replace(d, size=max(d.size, size), capacity=max(d.capacity or 0, size) or None)
        if d.name in names
        else d
        for d in known(facts.disks)
    )
    return replace(facts, disks=disks)


def _disarmed(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    gone = action.expects[0].subject
    kept = tuple(a for a in known(facts.automounts) if f"{a.kind} {a.name} {a.text}" != gone)
    return replace(facts, automounts=kept)


def _mounted(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    path, options = _arguments(action)
    call, volume = _call(action), _volume(cluster, action)
    view = view_of(facts, ref(volume))
    if view is None or view.device is None or call is None or call.target is None:
        return facts
    point = MountPoint(path, call.target.node, view.device, ("rw", *options.split(",")), 1)
    facts = replace(facts, mounts=(*known(facts.mounts), point))
    return _with_region(cluster, facts, view, on=True)


def _with_region(
    cluster: Cluster, facts: HostFacts, view: WantedDevice | None, *, on: bool
) -> HostFacts:
    """The heartbeat region of a volume comes with its mount, and goes with it."""
    if view is None or view.superblock is None:
        return facts
    live = known(facts.live)
    uuid = view.superblock.uuid.replace("-", "").upper()
    mine = (Region(uuid, view.device or ""),) if on else ()

    def with_it(found: LiveCluster) -> LiveCluster:
        kept = [r for r in found.regions if r.uuid.replace("-", "").upper() != uuid]
        return replace(found, regions=(*kept, *mine))

    clusters = tuple(with_it(c) if c.name == cluster.name else c for c in live.clusters)
    domains = tuple(d for d in live.domains if d.upper() != uuid)
    own = {n.number for c in clusters if c.name == cluster.name for n in c.nodes if n.local}
    beats = tuple(
        b if on or b.node not in own else replace(b, generation="0") for b in view.beats or ()
    )
    wanted = tuple(
        replace(v, beats=beats) if v.ref == view.ref else v for v in known(facts.wanted)
    )
    return replace(facts, live=replace(live, clusters=clusters, domains=domains), wanted=wanted)


def _unit(**fields: str | bool) -> Effect:
    def effect(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
        names = set(_arguments(action)[2:])
        units = tuple(
            _changed(unit, fields) if unit.name in names else unit
            for unit in known(facts.services)
        )
        return replace(facts, services=units)

    return effect


def _changed(unit: Unit, fields: Mapping[str, str | bool]) -> Unit:
    return replace(unit, **fields)  # type: ignore[arg-type]  # the table's fields are Unit's own


def _guest_gone(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    path, name = action.expects[0].subject.split(" ")
    guests = tuple(g for g in known(facts.guests) if (g.path, g.name) != (path, name))
    users = known(facts.processes)
    return replace(facts, guests=guests, processes=tuple(p for p in users if p.guest != name))


def _guest_arrived(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    if isinstance(facts.guests, Unknown):
        return facts
    path, name = action.expects[0].subject.split(" ")
    guest = Guest(path, name)
    return replace(facts, guests=tuple(dict.fromkeys((*facts.guests, guest))))


def _timed(cluster: Cluster, facts: HostFacts, _a: Action) -> HostFacts:
    live = known(facts.live)
    delay = cluster.network.reconnect_delay_ms
    clusters = tuple(
        replace(c, reconnect_delay_ms=delay) if c.name == cluster.name else c
        for c in live.clusters
    )
    return replace(facts, live=replace(live, clusters=clusters))


def _order_written(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    return _with_drop_in(facts, _file(action))


def _order_archived(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    return _with_drop_in(facts, TextFile(_arguments(action)[0], None))


def _with_drop_in(facts: HostFacts, new: TextFile) -> HostFacts:
    now = known(facts.ordering)
    kept = [file for file in now.files if file.path != new.path]
    files = (*kept, new) if new.text is not None else tuple(kept)
    return replace(facts, ordering=replace(now, files=files))


def _reloaded(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """Also of what is masked, which systemd reads like the others and does not tell until then."""
    now = known(facts.ordering)
    new = [fact.subject.split(" ", 1) for fact in action.expects]
    ours = [
        (file.path.split("/")[-2].removesuffix(".d"), file.text or "") for file in now.files
    ]
    read = {(unit, line) for unit, text in ours for line in text.splitlines() if "=" in line}
    words = {*now.words, *read, *((unit, word) for unit, word in new)}
    return replace(facts, ordering=replace(now, words=tuple(sorted(words))))


EFFECTS: Mapping[str, Effect] = {
    "install-packages": _installed,
    "install-module": _module_installed,
    "upgrade-packages": _installed,
    "upgrade-module": _module_upgraded,
    "reload-module": _module_reloaded,
    "write-cluster-conf": _conf_written,
    "archive-cluster-conf": _conf_archived,
    "write-o2cb-settings": _settings_written,
    "write-fstab": _fstab_written,
    "clear-fstab": _fstab_written,
    "approve-programs": _record_written,
    "note-stopped": _record_written,
    "strike-stopped": _record_written,
    "attest-heartbeat": _record_written,
    "write-quarantine": _record_written,
    "lift-quarantine": _record_written,
    "register-nodes": _listed,
    "start-cluster": _listed,
    "stop-cluster": _offline,
    "write-order": _order_written,
    "archive-order": _order_archived,
    "reload-units": _reloaded,
    "rescan": _rescanned,
    "disarm": _disarmed,
    "unmount": _unmounted,
    "mount": _mounted,
    "enable-o2cb": _unit(enabled=True),
    "disable-o2cb": _unit(enabled=False),
    "disable-service": _unit(enabled=False),
    "enable-service": _unit(enabled=True),
    "mask-service": _unit(load="masked"),
    "unmask-service": _unit(load="loaded"),
    "stop-service": _unit(active="inactive"),
    "start-service": _unit(active="active"),
    "stop-guest": _guest_gone,
    "migrate-guest": _guest_gone,
    "start-guest": _guest_arrived,
    "set-reconnect-delay": _timed,
    "revoke-access": _revoked,
}

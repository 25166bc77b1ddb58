"""What a host will have after an action, as far as later actions are planned from it.

A prediction only decides what is planned: at execution every action checks real facts, so a
wrong one stops a run and cannot mislead it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.gate.steps import digest
from reconciler.model.addresses import parse_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import ref, view_of
from reconciler.model.gate_call import GateCall, gate_call
from reconciler.model.observed import (
    Guest,
    HostFacts,
    ModuleBuild,
    MountPoint,
    Observed,
    TextFile,
    Unit,
    Unknown,
    Unreachable,
    known,
)
from reconciler.model.plan import Action
from reconciler.model.records import DIRECTORY, MODE
from reconciler.model.software import UNITS, commands
from reconciler.planning import predicted_cluster as live
from reconciler.planning import predicted_devices as devices
from reconciler.planning.facts import remaining
from reconciler.planning.predicted_devices import Effect
from reconciler.resources.cluster_conf.changes import PATH
from reconciler.resources.growth.backups import STATES
from reconciler.resources.growth.backups import name as backup_name

Hosts = Mapping[str, HostFacts | Unreachable]


def predicted(cluster: Cluster, observed: Observed, actions: Sequence[Action]) -> Observed:
    """The hosts after ``actions``, which lead to ``cluster``."""
    hosts = observed.hosts
    for action in actions:
        if not is_needless(action, Observed(hosts)):
            hosts = after(cluster, hosts, action)
    return Observed(hosts)


def is_needless(action: Action, observed: Observed) -> bool:
    """Whether there is nothing to do for an action."""
    return any(not remaining((fact,), observed) for fact in action.unless)


def after(cluster: Cluster, hosts: Hosts, action: Action) -> Hosts:
    """The hosts after one action that leads to ``cluster``."""
    found = dict(hosts)
    for host, effect in _effects(hosts, action):
        facts = found.get(host)
        if isinstance(facts, HostFacts):
            found[host] = effect(cluster, facts, action)
    return found


def _effects(hosts: Hosts, action: Action) -> Iterator[tuple[str, Effect]]:
    if action.kind in EFFECTS:
        yield _shown_on(action), EFFECTS[action.kind]
    if action.kind in SHARED:
        yield from ((host, SHARED[action.kind]) for host in hosts)
    if action.kind == "unmount":
        quiet = devices.silenced(_numbers(hosts.get(action.host)))
        yield from ((host, quiet) for host in hosts)
    if action.kind == "migrate-guest":
        yield action.requires[0].hosts[0], _guest_arrived


def _numbers(facts: HostFacts | Unreachable | None) -> frozenset[int]:
    """The numbers under which a host itself beats."""
    if not isinstance(facts, HostFacts) or isinstance(facts.live, Unknown):
        return frozenset()
    return frozenset(n.number for c in facts.live.clusters for n in c.nodes if n.local)


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


def _module_loaded(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    kernel, name = known(facts.kernel), action.expects[0].subject
    loaded = tuple(dict.fromkeys((*kernel.loaded, name)))
    return replace(facts, kernel=replace(kernel, loaded=loaded))


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


def _module_reloaded(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """What runs is what is installed, also where nothing was loaded before."""
    kernel, name = known(facts.kernel), action.expects[0].subject
    found = {build.name: build.file or "as installed" for build in kernel.builds}
    files = {name: "as installed", **found}
    builds = tuple(ModuleBuild(n, file, file) for n, file in files.items())
    loaded = tuple(dict.fromkeys((*kernel.loaded, name)))
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
    label = parse_address(action.address).name
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
    return _with_record(facts, new)


def _with_record(facts: HostFacts, new: TextFile) -> HostFacts:
    kept = [file for file in known(facts.records) if file.path != new.path]
    return replace(facts, records=(*kept, new))


def _backup_noted(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """As the gate writes it, at once: how long a backup takes nobody knows."""
    fact, me = action.expects[0], facts.identity
    if isinstance(me, Unknown) or isinstance(facts.records, Unknown):
        return facts
    cluster, uuid, size, argv = fact.subject.split(" ")
    began = int(me.uptime)
    row = {"uuid": uuid, "bytes": int(size), "argv": argv, "boot": me.boot_id, "began": began}
    text = json.dumps({**row, "ended": began if fact.value == STATES["note-backup"] else None})
    path = f"{DIRECTORY}/{cluster}/{backup_name(uuid)}"
    return _with_record(facts, TextFile(path, text, digest(text), MODE))


def _unmounted(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    (path,) = _arguments(action)
    volume = _volume(cluster, action)
    view = view_of(facts, ref(volume))
    kept = tuple(m for m in known(facts.mounts) if m.path != path)
    facts = replace(facts, mounts=kept, processes=())
    return live.with_region(cluster, facts, view, on=False)


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
    return live.with_region(cluster, facts, view, on=True)


def _remounted(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    fact = action.expects[0]
    path, ours = fact.subject.rsplit(" ", 1)
    new = () if fact.value in {None, "-"} else tuple(str(fact.value).split(","))
    mounts = tuple(
        replace(m, options=(*(o for o in m.options if o not in ours.split(",")), *new))
        if m.path == path
        else m
        for m in known(facts.mounts)
    )
    return replace(facts, mounts=mounts)


def _service_stopped(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """What it ran has ended."""
    name = action.expects[0].subject
    facts = _unit(active="inactive")(cluster, facts, action)
    if isinstance(facts.processes, Unknown):
        return facts
    users = tuple(p for p in facts.processes if p.unit != name)
    return replace(facts, processes=users)


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
    "load-module": _module_loaded,
    "upgrade-packages": _installed,
    "upgrade-module": _module_upgraded,
    "reload-module": _module_reloaded,
    "write-cluster-conf": _conf_written,
    "archive-cluster-conf": _conf_archived,
    "write-o2cb-settings": _settings_written,
    "write-fstab": _fstab_written,
    "clear-fstab": _fstab_written,
    "approve-programs": _record_written,
    "begin-backup": _backup_noted,
    "note-backup": _backup_noted,
    "note-stopped": _record_written,
    "strike-stopped": _record_written,
    "attest-heartbeat": _record_written,
    "write-quarantine": _record_written,
    "lift-quarantine": _record_written,
    "register-nodes": live.listed,
    "start-cluster": live.listed,
    "stop-cluster": live.offline,
    "write-order": _order_written,
    "archive-order": _order_archived,
    "reload-units": _reloaded,
    "rescan": devices.rescanned,
    "grow-partition": devices.part_resized,
    "reread-partition": devices.part_resized,
    "disarm": _disarmed,
    "unmount": _unmounted,
    "mount": _mounted,
    "remount": _remounted,
    "enable-o2cb": _unit(enabled=True),
    "disable-o2cb": _unit(enabled=False),
    "disable-service": _unit(enabled=False),
    "enable-service": _unit(enabled=True),
    "mask-service": _unit(load="masked"),
    "unmask-service": _unit(load="loaded"),
    "stop-service": _service_stopped,
    "start-service": _unit(active="active"),
    "stop-guest": _guest_gone,
    "migrate-guest": _guest_gone,
    "start-guest": _guest_arrived,
    "set-reconnect-delay": live.timed,
    "revoke-access": _revoked,
}
# What is on a disk, and what a storage says of it, shows on every host.
SHARED: Mapping[str, Effect] = {
    "format": devices.formatted,
    "add-slots": devices.slots_added,
    "set-label": devices.labelled,
    "grow-backing": devices.backing_grown,
    "grow-file-system": devices.file_system_grown,
    "grow-unmounted": devices.file_system_grown,
}
# Nothing that a plan rests on is another after these, and why.
UNCHANGED: Mapping[str, str] = {
    "fetch-packages": "what is fetched waits in the package manager's cache",
    "fetch-module": "what is fetched waits in the package manager's cache",
    "back-up": "it reads; what it has made is noted by note-backup",
    "check-file-system": "no fact shows what a check found: the gate's verdict decides",
    "check-grown": "no fact shows what a check found: the gate's verdict decides",
    "same-cluster-conf": "a barrier",
    "same-live-nodes": "a barrier",
    "same-timeouts": "a barrier",
    "same-file-system": "a barrier",
    "same-size": "a barrier",
    "peers-connect": "a barrier",
}

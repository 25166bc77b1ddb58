"""What an action makes of the facts about hosts, as far as later actions are planned from it.

An effect only decides what is planned: at execution every action checks real facts, so a wrong
one stops a run and cannot mislead it. It reads what an action ``expects`` and what its command
says, so that it makes true what shall prove it. Each resource has those of its kinds of actions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.devices import view_of
from reconciler.model.gate_call import GateCall, gate_call
from reconciler.model.observed import (
    HostFacts,
    Superblock,
    TextFile,
    Unit,
    Unknown,
    Unreachable,
    WantedDevice,
    require,
)
from reconciler.model.plan import Action, ActionKind, Fact
from reconciler.model.records import DIRECTORY

Hosts = Mapping[str, HostFacts | Unreachable]
# The hosts after an action that leads to the cluster; those it says nothing of are the same.
Effect = Callable[[Cluster, Hosts, Action], Hosts]
Effects = Mapping[ActionKind, Effect]
# The same of one host that answered.
HostEffect = Callable[[Cluster, HostFacts, Action], HostFacts]


def on_host(effect: HostEffect) -> Effect:
    """It is seen on the host of the action."""
    return on(lambda action: action.host, effect)


def on(where: Callable[[Action], str], effect: HostEffect) -> Effect:
    """It is seen on one host, not always the action's own."""
    return lambda cluster, hosts, action: _changed(
        cluster, hosts, action, (where(action), effect)
    )


def on_all(effect: HostEffect) -> Effect:
    """Every host sees it, as what is on a disk, or what a storage says of one."""

    def on_each(cluster: Cluster, hosts: Hosts, action: Action) -> Hosts:
        for host in hosts:
            hosts = _changed(cluster, hosts, action, (host, effect))
        return hosts

    return on_each


def together(*effects: Effect) -> Effect:
    """One after the other."""

    def all_of_them(cluster: Cluster, hosts: Hosts, action: Action) -> Hosts:
        for effect in effects:
            hosts = effect(cluster, hosts, action)
        return hosts

    return all_of_them


def unchanged(why: str) -> Effect:
    """Nothing that a plan rests on is another afterwards, and why."""
    assert why  # noqa: S101  # a reason is owed to whoever reads the table
    return lambda _cluster, hosts, _action: hosts


BARRIER = unchanged("a barrier only looks")


def _changed(
    cluster: Cluster, hosts: Hosts, action: Action, what: tuple[str, HostEffect]
) -> Hosts:
    host, effect = what
    facts = hosts.get(host)
    if not isinstance(facts, HostFacts):
        return hosts
    return {**hosts, host: effect(cluster, facts, action)}


def call_of(action: Action) -> GateCall | None:
    """What the gate is asked for; None for anything else."""
    return gate_call(action.command.argv) if action.command else None


def arguments(action: Action) -> tuple[str, ...]:
    """The words after the gate's verb."""
    call = call_of(action)
    return call.arguments if call else ()


def expected_fact(action: Action, reading: str) -> Fact:
    """What an action makes true of a reading. Raises StopIteration without it."""
    return next(fact for fact in action.expects if fact.reading == reading)


def text_file(path: str, text: str, mode: str) -> TextFile:
    """A file as it is observed once it is written."""
    return TextFile(path, text, hashlib.sha256(text.encode()).hexdigest(), mode)


def written_file(action: Action) -> TextFile:
    """The file that an action writes whole."""
    path, mode, *_ = arguments(action)
    return text_file(path, action.command.stdin if action.command else "", mode)


def with_record(facts: HostFacts, new: TextFile) -> HostFacts:
    """The host with a record, in place of an older one."""
    kept = [file for file in require(facts.records) if file.path != new.path]
    return replace(facts, records=(*kept, new))


def record_written(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """A record of ours is as the action writes it."""
    new = written_file(action)
    assert new.path.startswith(DIRECTORY)  # noqa: S101  # only records are written so
    return with_record(facts, new)


def units_become(**fields: str | bool) -> HostEffect:
    """The units that systemctl gets have these fields afterwards."""

    def effect(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
        names = set(arguments(action)[2:])
        units = tuple(
            _with_fields(unit, fields) if unit.name in names else unit
            for unit in require(facts.services)
        )
        return replace(facts, services=units)

    return effect


def _with_fields(unit: Unit, fields: Mapping[str, str | bool]) -> Unit:
    return replace(unit, **fields)  # type: ignore[arg-type]  # the table's fields are Unit's own


def readable_view(facts: HostFacts, name: str) -> WantedDevice | None:
    """What a host sees behind a reference; None also where it could not look."""
    return None if isinstance(facts.wanted, Unknown) else view_of(facts, name)


def with_view(facts: HostFacts, new: WantedDevice) -> HostFacts:
    """The host with another view of a device."""
    views = tuple(new if v.ref == new.ref else v for v in require(facts.wanted))
    return replace(facts, wanted=views)


def with_superblock(
    facts: HostFacts, name: str, change: Callable[[Superblock], Superblock]
) -> HostFacts:
    """The host with another file system behind a reference, if it sees one there."""
    view = readable_view(facts, name)
    if view is None or view.superblock is None:
        return facts
    return with_view(facts, replace(view, superblock=change(view.superblock)))

"""Which services and guests run after an action, and what is noted of them."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.desired import Cluster
from reconciler.model.effect import Effects, on, on_host, record_written, together, units_become
from reconciler.model.observed import Guest, HostFacts, Unknown, require
from reconciler.model.plan import Action


def _service_stopped(cluster: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    """What it ran has ended."""
    name = action.expects[0].subject
    facts = units_become(active="inactive")(cluster, facts, action)
    if isinstance(facts.processes, Unknown):
        return facts
    users = tuple(p for p in facts.processes if p.unit != name)
    return replace(facts, processes=users)


def _guest_gone(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    path, name = action.expects[0].subject.split(" ")
    guests = tuple(g for g in require(facts.guests) if (g.path, g.name) != (path, name))
    users = require(facts.processes)
    return replace(facts, guests=guests, processes=tuple(p for p in users if p.guest != name))


def _guest_arrived(_c: Cluster, facts: HostFacts, action: Action) -> HostFacts:
    if isinstance(facts.guests, Unknown):
        return facts
    path, name = action.expects[0].subject.split(" ")
    guest = Guest(path, name)
    return replace(facts, guests=tuple(dict.fromkeys((*facts.guests, guest))))


EFFECTS: Effects = {
    "note-stopped": on_host(record_written),
    "strike-stopped": on_host(record_written),
    "stop-service": on_host(_service_stopped),
    "start-service": on_host(units_become(active="active", since_boot="ran")),
    "disable-service": on_host(units_become(enabled=False)),
    "enable-service": on_host(units_become(enabled=True)),
    "mask-service": on_host(units_become(load="masked")),
    "unmask-service": on_host(units_become(load="loaded")),
    "stop-guest": on_host(_guest_gone),
    "migrate-guest": together(
        on_host(_guest_gone),
        on(lambda action: action.requires[0].hosts[0], _guest_arrived),
    ),
    "start-guest": on_host(_guest_arrived),
}

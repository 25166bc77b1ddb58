"""Services: systemd units, masked while they are stopped for a volume that comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.gate.action_builders import action_for
from reconciler.model.addresses import extend_address, member_address, parse_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.observed import HostFacts, Observed, Unknown, require
from reconciler.model.plan import Action, Change, Fact, declared_kind
from reconciler.model.reading import Reading, unknown
from reconciler.model.roles import is_withdrawn, is_withheld, leaving, mounting
from reconciler.model.units import full_names
from reconciler.resources.workloads.missed import READINGS as MISSED
from reconciler.resources.workloads.missed import missed_facts, why_missed
from reconciler.resources.workloads.obligations import StoppedWorkloads, obligations, units

SERVICE_TIMEOUT = 300.0


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Services that run where nothing is mounted, that we owe a start, or that missed it at boot."""
    mounts, leavers = mounting(cluster), leaving(cluster)
    for host, facts in observed.answering_hosts().items():
        held = _held(cluster, host)
        owed = obligations(cluster, facts)
        for unit in units(cluster):
            where = member_address(host, "service", unit)
            state = service(facts, unit)
            if host in mounts and unit not in held:
                yield from _returned(where, host, facts, (unit, owed))
                why = why_missed(cluster, facts, unit)
                if why and unit not in owed.stopped:
                    yield Change(where, host, "service", state, "active", why)
                continue
            because = (
                f"{host} leaves"
                if host in leavers
                else "it must not run while its volume is unmounted, nor after a boot"
            )
            if state not in {"inactive", "absent"}:
                yield Change(where, host, "service", state, "inactive", because)
            elif (
                (host in mounts or (host not in leavers and _has_mounted(cluster, facts, unit)))
                and unit in owed.stopped
                and unit_load(facts, unit) == "loaded"
            ):
                yield Change(where, host, "service", state, "masked", because)
            if unit_at_boot(facts, unit) == "enabled":
                yield Change(
                    extend_address(where, "boot"), host, "boot", "enabled", "disabled", because
                )


def _has_mounted(cluster: Cluster, facts: HostFacts, unit: str) -> bool:
    """Whether something is mounted where a volume of a service belongs, where that is known."""
    paths = {
        volume.mount.path
        for volume in cluster.volumes
        if volume.workloads and unit in full_names(volume.workloads.services)
    }
    return not isinstance(facts.mounts, Unknown) and any(m.path in paths for m in facts.mounts)


def _returned(
    where: str, host: str, facts: HostFacts, what: tuple[str, StoppedWorkloads]
) -> Iterator[Change]:
    unit, owed = what
    if unit in owed.stopped:
        because = "an earlier step stopped it"
        yield Change(where, host, "service", service(facts, unit), "active", because)
    if unit in owed.disabled:
        because = "an earlier step disabled it"
        before = unit_at_boot(facts, unit)
        yield Change(extend_address(where, "boot"), host, "boot", before, "enabled", because)


def _held(cluster: Cluster, host: str) -> frozenset[str]:
    """The services of volumes that a host shall not have mounted.

    One that a volume of the file needs as well is not stopped for one that is withdrawn.
    """

    def of(which: Callable[[Volume], bool]) -> frozenset[str]:
        found = [v.workloads.services for v in cluster.volumes if v.workloads and which(v)]
        return frozenset(full_names([unit for services in found for unit in services]))

    needed = of(lambda v: not is_withheld(v, host))
    return of(lambda v: is_withheld(v, host) and not is_withdrawn(v)) | (
        of(is_withdrawn) - needed
    )


def less(units: Sequence[str], back: Sequence[Change]) -> tuple[str, ...]:
    """Those that do not come back."""
    return tuple(unit for unit in units if unit not in {_unit(change) for change in back})


def restore_actions(
    cluster: Cluster, mine: Sequence[Change], facts: HostFacts
) -> Iterator[Action]:
    """Unmasked, enabled, started."""
    owed = obligations(cluster, facts)
    units = {_unit(change): change for change in mine}
    for unit, change in units.items():
        if unit_load(facts, unit) == "masked":
            yield systemctl_action(cluster, change, "unmask")
    for change in mine:
        if change.before != change.after and not _is_missed_start(change, owed):
            yield systemctl_action(cluster, change, VERBS[str(change.after)])
    yield from missed_starts(cluster, mine, facts)


def missed_starts(
    cluster: Cluster, mine: Sequence[Change], facts: HostFacts
) -> Iterator[Action]:
    """Starts of what missed its start at boot: no record owes it, so it asks more."""
    owed = obligations(cluster, facts)
    for change in mine:
        if change.before != change.after and _is_missed_start(change, owed):
            missed = tuple(missed_facts(cluster, change.host, facts, _unit(change)))
            yield replace(systemctl_action(cluster, change, "start"), requires=missed)


def _is_missed_start(change: Change, owed: StoppedWorkloads) -> bool:
    return change.after == "active" and _unit(change) not in owed.stopped


def mask_actions(cluster: Cluster, mine: Sequence[Change]) -> Iterator[Action]:
    """What is stopped and comes back: others may want to start it meanwhile."""
    for change in mine:
        if change.after == "inactive" and change.host not in leaving(cluster):
            yield systemctl_action(cluster, change, "mask")


def units_becoming(changes: Sequence[Change], after: str) -> tuple[str, ...]:
    """The units that become ``after``."""
    return tuple(_unit(change) for change in changes if change.after == after)


def _unit(change: Change) -> str:
    return parse_address(change.address).aspect[1]


VERBS = {
    "inactive": "stop",
    "active": "start",
    "disabled": "disable",
    "enabled": "enable",
    "masked": "mask",
}
# By verb: what proves it, and what it is called in the plan.
PROOFS = {
    "stop": ("service", "inactive"),
    "start": ("service", "active"),
    "disable": ("unit-at-boot", "disabled"),
    "enable": ("unit-at-boot", "enabled"),
    "mask": ("unit-load", "masked"),
    "unmask": ("unit-load", "loaded"),
}


def systemctl_action(cluster: Cluster, change: Change, verb: str) -> Action:
    """systemctl's verb for the unit of a change."""
    unit, host = _unit(change), change.host
    reading, value = PROOFS[verb]
    runtime = ("--runtime",) if verb in {"mask", "unmask"} else ()
    words = ("do", "systemctl", verb, *runtime, unit)
    return action_for(
        cluster.name,
        change,
        declared_kind(f"{verb}-service"),
        unit,
        risk="outage" if verb == "stop" else "safe",
        summary=f"{verb} {unit}",
        command=gate_command(*words, timeout=SERVICE_TIMEOUT),
        expects=(Fact((host,), reading, unit, value),),
        seconds=5 if verb in {"stop", "start"} else 2,
    )


def unit_at_boot(facts: HostFacts, unit: str) -> str:
    """Whether a unit starts at boot."""
    found = next((u for u in require(facts.services) if u.name == unit), None)
    if found is None:
        return unknown("it was not looked at")
    return "enabled" if found.enabled else "disabled"


def unit_load(facts: HostFacts, unit: str) -> str:
    """systemd's LoadState of a unit; ``masked`` is what keeps it from starting."""
    found = (u.load for u in require(facts.services) if u.name == unit)
    return next(found, unknown("it was not looked at"))


def service(facts: HostFacts, unit: str) -> str:
    """Whether a unit runs; one that ended or failed is inactive, one on its way its state."""
    found = next((u for u in require(facts.services) if u.name == unit), None)
    if found is None:
        return unknown("it was not looked at")
    if found.load == "not-found":
        return "absent"
    return "inactive" if found.active in {"inactive", "failed"} else found.active


READINGS = {
    **MISSED,
    "service": Reading(("services",), service),
    "unit-load": Reading(("services",), unit_load),
}

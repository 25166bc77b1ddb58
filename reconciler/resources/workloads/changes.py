"""Services: stopped before their volume is unmounted, started after it is mounted again.

Only what a run has stopped is started: what it stopped stands in ``stopped.json`` on that
host before it is stopped, and is struck off after it runs again (an obligation).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.gate import gate_command
from reconciler.gate.steps import write
from reconciler.model.desired import Cluster, Volume
from reconciler.model.observed import HostFacts, Observed, known
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading
from reconciler.model.records import record, record_digest
from reconciler.model.refusals import member
from reconciler.model.standing import is_withdrawn, is_withheld, leaving, mounting
from reconciler.model.units import full_names

SERVICE_TIMEOUT = 300.0
STOPPED = "stopped.json"


def units(cluster: Cluster) -> tuple[str, ...]:
    """Every declared service, once, in the file's order."""
    found = [u for v in cluster.volumes if v.workloads for u in v.workloads.services]
    return tuple(dict.fromkeys(full_names(found)))


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Nothing here is refused: a service that a host lacks does not run there."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Owed:
    """What runs did to services of a host and have not undone."""

    stopped: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Services that run where nothing is mounted, or that we owe a start."""
    mounts, leavers = mounting(cluster), leaving(cluster)
    for host, facts in observed.reached().items():
        held = _held(cluster, host)
        owed = obligations(cluster, facts)
        for unit in units(cluster):
            where = f"{member(host)}/service/{unit}"
            state = service(facts, unit)
            if host in mounts and unit not in held:
                yield from _returned(where, host, facts, (unit, owed))
                continue
            because = (
                f"{host} leaves"
                if host in leavers
                else "it must not run while its volume is unmounted, nor after a boot"
            )
            if state not in {"inactive", "absent"}:
                yield Change(where, host, "service", state, "inactive", because)
            if unit_at_boot(facts, unit) == "enabled":
                yield Change(f"{where}/boot", host, "boot", "enabled", "disabled", because)


def _returned(
    where: str, host: str, facts: HostFacts, what: tuple[str, Owed]
) -> Iterator[Change]:
    unit, owed = what
    if unit in owed.stopped:
        because = "an earlier step stopped it"
        yield Change(where, host, "service", service(facts, unit), "active", because)
    if unit in owed.disabled:
        because = "an earlier step disabled it"
        before = unit_at_boot(facts, unit)
        yield Change(f"{where}/boot", host, "boot", before, "enabled", because)


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write down, stop, keep from starting; or the other way round, and strike off."""
    reached = observed.reached()
    for host in dict.fromkeys(change.host for change in changes):
        mine = [change for change in changes if change.host == host]
        owed = obligations(cluster, reached[host])
        downs = [change for change in mine if change.after in DOWN]
        if not downs:
            yield from _undone(cluster, mine, reached[host])
            rest = Owed(_less(owed.stopped, mine), _less(owed.disabled, mine))
            yield _struck(cluster, mine[0], reached[host], rest)
            continue
        mine = downs  # what comes back does so when nothing more is taken away
        stops = _named(mine, "inactive")
        noted = Owed(
            tuple(dict.fromkeys((*owed.stopped, *stops))),
            tuple(dict.fromkeys((*owed.disabled, *_named(mine, "disabled")))),
        )
        yield _noted(cluster, mine[0], reached[host], noted)
        for change in mine:
            yield _set(cluster, change, VERBS[str(change.after)])
        if host not in leaving(cluster):  # it comes back: others may want to start it meanwhile
            for change in mine:
                if change.after == "inactive":
                    yield _set(cluster, change, "mask")


DOWN = frozenset({"inactive", "disabled"})


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


def _less(units: Sequence[str], back: Sequence[Change]) -> tuple[str, ...]:
    return tuple(unit for unit in units if unit not in {_unit(change) for change in back})


def _undone(cluster: Cluster, mine: Sequence[Change], facts: HostFacts) -> Iterator[Action]:
    units = {_unit(change): change for change in mine}
    for unit, change in units.items():
        if unit_load(facts, unit) == "masked":
            yield _set(cluster, change, "unmask")
    for change in mine:
        if change.before != change.after:
            yield _set(cluster, change, VERBS[str(change.after)])


def _named(changes: Sequence[Change], after: str) -> tuple[str, ...]:
    return tuple(_unit(change) for change in changes if change.after == after)


def _unit(change: Change) -> str:
    return change.address.split("/")[3]


VERBS = {"inactive": "stop", "active": "start", "disabled": "disable", "enabled": "enable"}
# By verb: what proves it, and what it is called in the plan.
PROOFS = {
    "stop": ("service", "inactive"),
    "start": ("service", "active"),
    "disable": ("unit-at-boot", "disabled"),
    "enable": ("unit-at-boot", "enabled"),
    "mask": ("unit-load", "masked"),
    "unmask": ("unit-load", "loaded"),
}


def _set(cluster: Cluster, change: Change, verb: str) -> Action:
    unit, host = _unit(change), change.host
    reading, value = PROOFS[verb]
    runtime = ("--runtime",) if verb in {"mask", "unmask"} else ()
    words = ("do", "systemctl", verb, *runtime, unit)
    return Action(
        id=f"{cluster.name}/{host}/{verb}-service/{unit}",
        kind=f"{verb}-service",
        host=host,
        address=change.address,
        summary=f"{verb} {unit}",
        because=change.because,
        risk="outage" if verb == "stop" else "safe",
        command=gate_command(*words, timeout=SERVICE_TIMEOUT),
        expects=(Fact((host,), reading, unit, value),),
        seconds=5 if verb in {"stop", "start"} else 2,
    )


def _noted(cluster: Cluster, change: Change, facts: HostFacts, owed: Owed) -> Action:
    return _written(cluster, change, facts, ("note-stopped", owed))


def _struck(cluster: Cluster, change: Change, facts: HostFacts, rest: Owed) -> Action:
    return _written(cluster, change, facts, ("strike-stopped", rest))


def _written(
    cluster: Cluster, change: Change, facts: HostFacts, what: tuple[str, Owed]
) -> Action:
    name, owed = what
    file = record(facts, cluster.name, STOPPED)
    text = json.dumps({"services": list(owed.stopped), "disabled": list(owed.disabled)}) + "\n"
    action = write(change, f"{cluster.name}/{name}", "record", file, text)
    subject = f"{cluster.name}/{STOPPED}"
    old, new = (fact.value for fact in (*action.requires, *action.expects))
    words = ", ".join(dict.fromkeys((*owed.stopped, *owed.disabled))) or "nothing"
    return replace(
        action,
        summary=f"note that {words} is to run again when the volume is back",
        requires=(Fact((change.host,), "record", subject, old),),
        expects=(Fact((change.host,), "record", subject, new),),
    )


def obligations(cluster: Cluster, facts: HostFacts) -> Owed:
    """The services that a run stopped or disabled on a host and has not given back."""
    owed, named = _owed(cluster, facts), units(cluster)
    stopped, disabled = (
        tuple(unit for unit in names if unit in named)
        for names in (owed.stopped, owed.disabled)
    )
    return Owed(stopped, disabled)


def forgotten(cluster: Cluster, facts: HostFacts) -> tuple[str, ...]:
    """Of those the ones that the file does not name any more: nobody gives them back."""
    owed, named = _owed(cluster, facts), units(cluster)
    both = dict.fromkeys((*owed.stopped, *owed.disabled))
    return tuple(unit for unit in both if unit not in named)


def _owed(cluster: Cluster, facts: HostFacts) -> Owed:
    """What the host's own record says; a garbled one says nothing."""
    try:
        found = json.loads(record(facts, cluster.name, STOPPED).text or "{}")
        lists = [[str(u) for u in found.get(key, [])] for key in ("services", "disabled")]
    except (ValueError, AttributeError, TypeError):
        return Owed()
    return Owed(*(tuple(names) for names in lists))


def unit_at_boot(facts: HostFacts, unit: str) -> str:
    """Whether a unit starts at boot."""
    found = next((u for u in known(facts.services) if u.name == unit), None)
    return "absent" if found is None else "enabled" if found.enabled else "disabled"


def unit_load(facts: HostFacts, unit: str) -> str:
    """systemd's LoadState of a unit; ``masked`` is what keeps it from starting."""
    return next((u.load for u in known(facts.services) if u.name == unit), "absent")


def service(facts: HostFacts, unit: str) -> str:
    """Whether a unit runs; one that ended or failed is inactive, one on its way its state."""
    found = next((u for u in known(facts.services) if u.name == unit), None)
    if found is None or found.load == "not-found":
        return "absent"
    return "inactive" if found.active in {"inactive", "failed"} else found.active


NEEDS = ("services", "records")
READINGS = {
    "service": Reading(("services",), service),
    "unit-load": Reading(("services",), unit_load),
    "record": Reading(("records",), record_digest),
}

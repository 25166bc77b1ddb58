"""Services: stopped before their volume is unmounted, started after it is mounted again.

Only what a run has stopped is started: what it stopped stands in ``stopped.json`` on that
host before it is stopped, and is struck off after it runs again (an obligation).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.gate.steps import write
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, TextFile, known
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading
from reconciler.model.records import record, record_digest
from reconciler.model.refusals import member
from reconciler.model.standing import leaving, mounting
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


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Services that run where nothing is mounted, or that we owe a start."""
    mounts, leavers = mounting(cluster), leaving(cluster)
    for host, facts in observed.reached().items():
        owed = obligations(cluster, facts)
        for unit in units(cluster):
            where = f"{member(host)}/service/{unit}"
            state = service(facts, unit)
            if host not in mounts and state == "active":
                because = "it must not run while its volume is unmounted"
                yield Change(where, host, "service", "active", "inactive", because)
            elif host in mounts and unit in owed:
                because = "an earlier step stopped it"
                yield Change(where, host, "service", state, "active", because)
            if host in leavers and _enabled(facts, unit):
                because = f"{host} leaves"
                yield Change(f"{where}/boot", host, "boot", "enabled", "disabled", because)


def _enabled(facts: HostFacts, unit: str) -> bool:
    return any(u.name == unit and u.enabled for u in known(facts.services))


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write down, stop, disable; or start, and strike off."""
    reached = observed.reached()
    for host in dict.fromkeys(change.host for change in changes):
        mine = [change for change in changes if change.host == host]
        owed = obligations(cluster, reached[host])
        stops = tuple(_unit(c) for c in mine if c.after == "inactive")
        starts = {_unit(c) for c in mine if c.after == "active"}
        if stops and host not in leaving(cluster):
            after = tuple(dict.fromkeys((*owed, *stops)))
            yield _noted(cluster, mine[0], reached[host], after)
        for change in mine:
            if change.after != "active" or change.before != "active":
                yield _set(cluster, change)
        if starts:
            after = tuple(unit for unit in owed if unit not in starts)
            yield _noted(cluster, mine[0], reached[host], after)


def _unit(change: Change) -> str:
    return change.address.split("/")[3]


VERBS = {"inactive": "stop", "active": "start", "disabled": "disable"}


def _set(cluster: Cluster, change: Change) -> Action:
    verb, unit, host = VERBS[str(change.after)], _unit(change), change.host
    reading = "unit-at-boot" if verb == "disable" else "service"
    return Action(
        id=f"{cluster.name}/{host}/{verb}-service/{unit}",
        kind=f"{verb}-service",
        host=host,
        address=change.address,
        summary=f"{verb} {unit}",
        because=change.because,
        risk="outage" if verb == "stop" else "safe",
        command=gate_command("do", "systemctl", verb, unit, timeout=SERVICE_TIMEOUT),
        expects=(Fact((host,), reading, unit, str(change.after)),),
        seconds=5,
    )


def _noted(cluster: Cluster, change: Change, facts: HostFacts, owed: tuple[str, ...]) -> Action:
    file = _file(cluster, facts)
    name = "note-stopped" if change.after != "active" else "strike-stopped"
    text = json.dumps({"services": list(owed)}) + "\n"
    action = write(change, f"{cluster.name}/{name}", "service", file, text)
    subject = f"{cluster.name}/{STOPPED}"
    old, new = (fact.value for fact in (*action.requires, *action.expects))
    return replace(
        action,
        summary=f"note that {', '.join(owed) or 'nothing'} is to be started again",
        requires=(Fact((change.host,), "record", subject, old),),
        expects=(Fact((change.host,), "record", subject, new),),
    )


def _file(cluster: Cluster, facts: HostFacts) -> TextFile:
    return record(facts, cluster.name, STOPPED)


def obligations(cluster: Cluster, facts: HostFacts) -> tuple[str, ...]:
    """The services that a run stopped on a host and has not started again."""
    try:
        owed = json.loads(_file(cluster, facts).text or "{}").get("services", [])
    except (ValueError, AttributeError):
        return ()
    return tuple(unit for unit in owed if unit in units(cluster))


def service(facts: HostFacts, unit: str) -> str:
    """Whether a unit runs; one that ended or failed is inactive, one on its way its state."""
    found = next((u for u in known(facts.services) if u.name == unit), None)
    if found is None or found.load == "not-found":
        return "absent"
    return "inactive" if found.active in {"inactive", "failed"} else found.active


NEEDS = ("services", "records")
READINGS = {
    "service": Reading(("services",), service),
    "record": Reading(("records",), record_digest),
}

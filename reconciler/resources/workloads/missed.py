"""Services that missed their start at boot: enabled, and not started since, for want of a volume.

Nobody stopped them, so no record owes them a start. What people stopped by hand has run since the
boot, and stays as they left it.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import mount_subject
from reconciler.model.observed import HostFacts, Unit, Unknown, require
from reconciler.model.plan import Fact
from reconciler.model.reading import Reading, unknown
from reconciler.model.units import full_names


def why_missed(cluster: Cluster, facts: HostFacts, unit: str) -> str:
    """Why a service is to be started that did not start at the last boot; empty if it is not.

    A host must tell all of it: what is unknown starts nothing.
    """
    found = _unit(facts, unit)
    if found is None or not _starts_at_boot(found, facts) or found.active != "inactive":
        return ""
    ours = _ours(cluster, unit)
    if found.since_boot == "missed" or (
        # Its conditions were tested, and may be of the mount: that is tried once, when it comes.
        found.since_boot == "unmet" and any(_is_unmounted(volume, facts) for volume in ours)
    ):
        because = "it starts at boot, and has not since"
        return f"{because}: its volume was not mounted" if ours else because
    return ""


def missed_facts(cluster: Cluster, host: str, facts: HostFacts, unit: str) -> Iterator[Fact]:
    """What its start requires: that nobody has started it meanwhile, and its volumes' mounts."""
    yield Fact((host,), "since-boot", unit, since_boot(facts, unit))
    for volume in _ours(cluster, unit):
        yield Fact((host,), "mounted", mount_subject(volume), "mounted")


def since_boot(facts: HostFacts, unit: str) -> str:
    """What came of a unit since the boot: it ran, or missed its start, or had conditions unmet."""
    found = _unit(facts, unit)
    return (found.since_boot if found else "") or unknown("the host does not tell")


def is_missed(facts: HostFacts, unit: str) -> bool:
    """Whether it is owed a start that it missed at boot: a link that is made anew tells no more."""
    found = _unit(facts, unit)
    return found is not None and _starts_at_boot(found, facts) and found.since_boot == "missed"


def _unit(facts: HostFacts, name: str) -> Unit | None:
    return next((unit for unit in require(facts.services) if unit.name == name), None)


def _starts_at_boot(unit: Unit, facts: HostFacts) -> bool:
    """Whether it did at the last one already: a link that was made since has missed nothing.

    systemd forgets that a unit ran when it is disabled: of one that was enabled anew it tells
    nothing.
    """
    if unit.load != "loaded" or not unit.enabled or unit.written is None:
        return False
    if isinstance(facts.identity, Unknown):
        return False
    return unit.written < facts.identity.clock - facts.identity.uptime


def _ours(cluster: Cluster, unit: str) -> tuple[Volume, ...]:
    """The volumes that a service uses and that we mount; those of an agent it mounts itself."""
    return tuple(
        volume
        for volume in cluster.volumes
        if volume.workloads
        and unit in full_names(volume.workloads.services)
        and volume.mounted_by == "reconcile"
    )


def _is_unmounted(volume: Volume, facts: HostFacts) -> bool:
    """Whether nothing is mounted at its path, where that is known."""
    if isinstance(facts.mounts, Unknown):
        return False
    return all(m.path != volume.mount.path or m.pid != 1 for m in facts.mounts)


READINGS = {"since-boot": Reading(("services",), since_boot)}

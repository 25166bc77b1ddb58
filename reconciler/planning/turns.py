"""Who has to mount a volume anew: one member after the other, unless paths cross."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.roles import mounting_it
from reconciler.resources.mounts.moves import anew, elsewhere


def crossing(cluster: Cluster, observed: Observed) -> bool:
    """Whether a volume takes the path of another one: nowhere may it mean both at a time."""
    taken = {
        (path, volume.label)
        for volume in cluster.volumes
        for facts in _readable(observed).values()
        for path in elsewhere(volume, facts)
    }
    return any(
        volume.mount.path == path and volume.label != label
        for volume in cluster.volumes
        for path, label in taken
    )


def _readable(observed: Observed) -> Mapping[str, HostFacts]:
    """The hosts whose mounts are known; others block the plan by themselves."""
    return {
        host: facts
        for host, facts in observed.reached().items()
        if not isinstance(facts.mounts, Unknown) and not isinstance(facts.wanted, Unknown)
    }


def due_anew(cluster: Cluster, observed: Observed) -> dict[str, dict[str, str]]:
    """By member, in the file's order, the labels that it has to mount anew, and why."""
    found: dict[str, dict[str, str]] = {}
    for host, facts in _readable(observed).items():
        for volume in cluster.volumes:
            if host in mounting_it(cluster, volume) and (why := anew(volume, facts)):
                found.setdefault(host, {})[volume.label] = why
    return found

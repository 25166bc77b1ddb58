"""Who has to mount what anew, and which volume takes the path of another."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.roles import mounted_volumes, with_volumes
from reconciler.resources.mounts.moves import former_mounts, places, remount_reason


def paths_swap(cluster: Cluster, observed: Observed) -> bool:
    """Whether a volume takes the path of another one: nowhere may it mean both at a time."""
    return bool(_taking(cluster, observed))


def _taking(cluster: Cluster, observed: Observed) -> frozenset[str]:
    """The labels of volumes that take a path on which somebody has another one."""
    taken = {
        (path, volume.label)
        for volume in cluster.volumes
        for facts in _readable(observed).values()
        for path in former_mounts(volume, facts)
    }
    return frozenset(
        volume.label
        for volume in cluster.volumes
        if any(volume.mount.path == path and volume.label != label for path, label in taken)
    )


def without_takers(cluster: Cluster, observed: Observed) -> Cluster:
    """The wish before a window: what takes another's path and is mounted nowhere yet comes later."""
    taking = _taking(cluster, observed)
    kept = [
        volume
        for volume in cluster.volumes
        if volume.label not in taking
        or any(places(volume, facts) for facts in _readable(observed).values())
    ]
    return with_volumes(cluster, kept)


def _readable(observed: Observed) -> Mapping[str, HostFacts]:
    """The hosts whose mounts are known; others block the plan by themselves."""
    return {
        host: facts
        for host, facts in observed.answering_hosts().items()
        if not isinstance(facts.mounts, Unknown) and not isinstance(facts.wanted, Unknown)
    }


def remounts_due(cluster: Cluster, observed: Observed) -> dict[str, dict[str, str]]:
    """By member, in the file's order, the labels that it has to mount anew, and why."""
    found: dict[str, dict[str, str]] = {}
    mounts = mounted_volumes(cluster)
    for host, facts in _readable(observed).items():
        for volume in mounts.get(host, ()):
            if why := remount_reason(volume, facts):
                found.setdefault(host, {})[volume.label] = why
    return found

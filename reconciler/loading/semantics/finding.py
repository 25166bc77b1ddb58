"""What a rule yields, and the one question that many rules ask."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from reconciler.frozen import frozen
from reconciler.model.desired import Desired

if TYPE_CHECKING:
    from reconciler.loading.nodes import Path
    from reconciler.model.desired import Cluster, Member, Volume


@frozen
class Finding:
    """A broken rule: the path of the value to change, a stable code, what is wrong, and what to do."""

    path: Path
    code: str
    message: str
    hint: str


Rule: TypeAlias = Callable[[Desired], Iterable[Finding]]


@frozen
class Use:
    """One use of something that may be used once; ``owner`` is who uses it, for the message."""

    key: Hashable
    path: Path
    owner: str


def repetitions(uses: Iterable[Use]) -> Iterator[tuple[Use, Use]]:
    """Each use of a key after the first, with the first."""
    first: dict[Hashable, Use] = {}
    for use in uses:
        earlier = first.setdefault(use.key, use)
        if earlier is not use:
            yield use, earlier


def clusters(desired: Desired) -> Iterator[tuple[Path, Cluster]]:
    """Every cluster with its path."""
    for i, cluster in enumerate(desired.clusters):
        yield ("clusters", i), cluster


def members(cluster: Cluster, path: Path) -> Iterator[tuple[Path, Member]]:
    """Every member of the cluster at ``path``, with its path."""
    for i, member in enumerate(cluster.members):
        yield (*path, "members", i), member


def all_members(desired: Desired) -> Iterator[tuple[Path, Cluster, Member]]:
    """Every member of the file with its path and cluster."""
    for path, cluster in clusters(desired):
        for place, member in members(cluster, path):
            yield place, cluster, member


def volumes(desired: Desired) -> Iterator[tuple[Path, Cluster, Volume]]:
    """Every volume of the file with its path and cluster."""
    for path, cluster in clusters(desired):
        for i, volume in enumerate(cluster.volumes):
            yield (*path, "volumes", i), cluster, volume

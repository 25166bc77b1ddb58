"""Where in a file the members, volumes and clusters stand that a plan speaks of, and their keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.loading.composing import compose
from reconciler.loading.nodes import Mapping, Node, Path, node_at, value_mark
from reconciler.model.addresses import member_address, volume_address
from reconciler.model.desired import Cluster
from reconciler.model.views import Places, Position

# How far down keys are looked for, as ``mount.path``.
DEPTH = 2


def find_places(text: str, clusters: Sequence[Cluster]) -> Places:
    """The places of each cluster, member and volume of a valid file, by key.

    A scalar's place is where its value stands, of anything else where its key does.
    """
    root, _problems = compose("", text)
    if root is None:
        return {}
    return {
        cluster.name: {
            subject: {"": _position(root, (*path, name)), **dict(_keys(root, path))}
            for subject, path, name in _subjects(cluster, ("clusters", number))
        }
        for number, cluster in enumerate(clusters)
    }


def _subjects(cluster: Cluster, path: Path) -> Iterator[tuple[str, Path, str]]:
    """Each subject with its path, and the key that names it."""
    yield "", path, "name"
    for number, member in enumerate(cluster.members):
        yield member_address(member.name), (*path, "members", number), "name"
    for number, volume in enumerate(cluster.volumes):
        yield volume_address(volume.label), (*path, "volumes", number), "label"


def _keys(root: Node, path: Path, above: Path = ()) -> Iterator[tuple[str, Position]]:
    node = node_at(root, (*path, *above))
    if len(above) == DEPTH or not isinstance(node, Mapping):
        return
    for key in node.entries:
        here = (*above, key)
        yield ".".join(map(str, here)), _position(root, (*path, *here))
        yield from _keys(root, path, here)


def _position(root: Node, path: Path) -> Position:
    mark = value_mark(root, path)
    return (mark.line, mark.column)


def zone_position(text: str, number: int) -> Position:
    """Where the cluster of that number, from 0, names its zone in a valid file; or its name."""
    root, _problems = compose("", text)
    if root is None:
        return (1, 1)
    keys = node_at(root, ("clusters", number))
    named = isinstance(keys, Mapping) and "zone" in keys.entries
    return _position(root, ("clusters", number, "zone" if named else "name"))

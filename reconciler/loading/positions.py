"""Where in a file the members, volumes and clusters stand that a plan speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.loading.checking import load
from reconciler.loading.composing import compose
from reconciler.loading.nodes import Path, value_mark
from reconciler.model.addresses import member_address, volume_address
from reconciler.model.desired import Cluster

Position = tuple[int, int]


def find_positions(text: str) -> Mapping[tuple[str, str], Position]:
    """Line and column, 1-based, by cluster and ``member/NAME``, ``volume/LABEL`` or "".

    Under the empty word is the cluster itself. SpecInvalid for a text that is no file.
    """
    clusters = load("", text).clusters
    root, _problems = compose("", text)
    if root is None:
        return {}
    marks = {
        (cluster.name, subject): value_mark(root, path)
        for number, cluster in enumerate(clusters)
        for subject, path in _subjects(cluster, ("clusters", number))
    }
    return {key: (mark.line, mark.column) for key, mark in marks.items()}


def _subjects(cluster: Cluster, path: Path) -> Iterator[tuple[str, Path]]:
    yield "", (*path, "name")
    for number, member in enumerate(cluster.members):
        yield member_address(member.name), (*path, "members", number, "name")
    for number, volume in enumerate(cluster.volumes):
        yield volume_address(volume.label), (*path, "volumes", number, "label")

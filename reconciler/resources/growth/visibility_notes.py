"""What of a volume's device cannot be seen from the members, so that somebody is told."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.desired import Cluster
from reconciler.model.devices import is_logical
from reconciler.model.observed import HostFacts, Observed, Unknown, require
from reconciler.model.roles import is_withdrawn, restrict_to, staying
from reconciler.resources.growth.offline import NEEDS
from reconciler.resources.growth.sizes import layers

# What brings sg_readcap, by package manager.
PACKAGE = {"dpkg": "sg3-utils", "rpm": "sg3_utils"}


def visibility_notes(cluster: Cluster, observed: Observed) -> Iterator[str]:
    """A line for each volume of which something that matters cannot be seen."""
    stays = restrict_to(observed, staying(cluster)).answering_hosts()
    seen = Observed({name: facts for name, facts in stays.items() if _is_read(facts)})
    for volume in (v for v in cluster.volumes if not is_withdrawn(v)):
        found = layers(volume, seen)
        if (
            volume.size == "fill"
            and found
            and all(layer.needs_rescan for layer in found.values())
        ):
            # A kernel learns of a grown LUN by a rescan only, and no plan begins with one
            # for nothing, each time again.
            first = require(seen.answering_hosts()[next(iter(found))].packages).manager
            yield (
                f"{volume.label} has size: fill, and whether its LUN has grown cannot be seen "
                f"on {', '.join(found)}: install {PACKAGE.get(first or '', 'sg3_utils')} on one "
                "of them, or write its size"
            )
        if inside := [host for host, layer in found.items() if is_logical(layer.node)]:
            yield (
                f"{volume.label} is a logical volume inside {', '.join(inside)}: that all map it "
                "to the same extents is not looked at"
            )


def _is_read(facts: HostFacts) -> bool:
    return not any(isinstance(getattr(facts, key), Unknown) for key in NEEDS)

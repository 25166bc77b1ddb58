"""Looks at the hosts of a file, as `status` tells them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.cli.side_by_side import count_hosts
from reconciler.cli.terminal import observing
from reconciler.hosts.doors import look_at_hosts
from reconciler.hosts.observer import observe
from reconciler.model.desired import Cluster, Desired
from reconciler.model.documents import Json
from reconciler.model.observed import Observed
from reconciler.observation import HostFactory, Watch, probe_for
from reconciler.observation.live_hosts import member_hosts
from reconciler.planning.resolve.removed import removed_members, with_removed_members
from reconciler.reports.status import status_document
from reconciler.resources import SECTIONS
from reconciler.resources.volumes.heartbeat_samples import with_advanced_beats

Pairs = tuple[tuple[Cluster, Observed], ...]


@dataclass(frozen=True, slots=True)
class HostLooks:
    """One look after another, over connections that stay open; ``free`` bounds hosts at a time."""

    desired: Desired
    interval: float
    free: asyncio.Semaphore
    no_color: bool

    async def one(self, watch: Watch) -> Json:
        """The document of the first look alone."""
        async with look_at_hosts(self.desired) as fleet:
            return _document(await self._first(fleet, watch))

    async def each(self) -> AsyncGenerator[Json, None]:
        """A document a look; the first has two samples of the heartbeats, too."""
        async with look_at_hosts(self.desired) as fleet:
            total = count_hosts(self.desired)
            with observing(total, no_color=self.no_color) as watch:
                pairs = await self._first(fleet, watch)
            while True:
                yield _document(pairs)
                await asyncio.sleep(self.interval)
                pairs = await self._next(fleet, pairs)

    async def _first(self, fleet: HostFactory, watch: Watch) -> Pairs:
        first = await asyncio.gather(
            *(self._whole(fleet, c, watch) for c in self.desired.clusters)
        )
        if not any(_has_beats(observed) for _cluster, observed in first):
            return tuple(first)
        await asyncio.sleep(self.interval)
        again = [self._beats(fleet, *pair) for pair in first]
        return tuple(await asyncio.gather(*again))

    async def _next(self, fleet: HostFactory, before: Pairs) -> Pairs:
        looks = [self._whole(fleet, cluster) for cluster in self.desired.clusters]
        now = await asyncio.gather(*looks)
        earlier = [observed for _cluster, observed in before]
        return tuple(
            (cluster, with_advanced_beats(seen, then))
            for (cluster, seen), then in zip(now, earlier, strict=True)
        )

    async def _whole(
        self, fleet: HostFactory, cluster: Cluster, watch: Watch | None = None
    ) -> tuple[Cluster, Observed]:
        """All members, former ones that the hosts know of as well."""
        paths = [volume.mount.path for volume in cluster.volumes]
        probe = probe_for(cluster, (), sizes=paths)
        limit = self.free
        seen = await observe(
            member_hosts(fleet, cluster), probe, SECTIONS, limit=limit, progress=watch
        )
        if gone := removed_members(cluster, seen):
            cluster = with_removed_members(cluster, gone)
            more = {member.name: fleet(cluster.name, member) for member in gone}
            also = await observe(more, probe, SECTIONS, limit=limit)
            seen = Observed({**seen.hosts, **also.hosts})
        return cluster, seen

    async def _beats(
        self, fleet: HostFactory, cluster: Cluster, seen: Observed
    ) -> tuple[Cluster, Observed]:
        probe = probe_for(cluster, (), ("wanted",))
        later = await observe(member_hosts(fleet, cluster), probe, SECTIONS, limit=self.free)
        return cluster, with_advanced_beats(seen, later)


def _document(pairs: Pairs) -> Json:
    return status_document(pairs, datetime.now(UTC).isoformat(timespec="seconds"))


def _has_beats(observed: Observed) -> bool:
    """Whether anybody's heartbeat is on a disk, so that two samples tell more than one."""
    return any(
        int(beat.generation, 16) != 0
        for facts in observed.answering_hosts().values()
        for view in (facts.wanted if isinstance(facts.wanted, tuple) else ())
        for beat in view.beats or ()
    )

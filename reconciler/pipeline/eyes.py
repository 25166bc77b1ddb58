"""How a run looks at its hosts: the probe, with what the cluster's file makes it look at."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.hosts import Host
from reconciler.hosts.observer import observe_one, told_by
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, Unreachable
from reconciler.model.plan import Command, Completed, Fact
from reconciler.observation import probe_for
from reconciler.planning.checks.cluster_health import since
from reconciler.planning.conditions import sections
from reconciler.resources import SECTIONS

# The reading whose probe reads much of the device.
BLANK = "blank"
# The reading whose probe asks a mounted file system, and may wait for it.
MOUNTED_SIZE = "mounted-size"
# The reading whose probe tries addresses: on the way some are not as the file says.
REACHES = "reaches"


@dataclass(frozen=True, slots=True)
class HostEyes:
    """Looks anew; of the kernels' messages those count that came after ``began``."""

    cluster: Cluster
    hosts: Mapping[str, Host]
    began: Observed
    free: asyncio.Semaphore

    def probe(self, facts: Sequence[Fact]) -> Command:
        """The probe that is asked for all that the facts are read from."""
        blank = sorted({fact.subject for fact in facts if fact.reading == BLANK})
        sizes = sorted({fact.subject for fact in facts if fact.reading == MOUNTED_SIZE})
        places = {p for fact in facts if fact.reading == REACHES for p in fact.subject.split()}
        return probe_for(self.cluster, blank, sections(facts), sizes, sorted(places))

    async def look(self, host: str, facts: Sequence[Fact]) -> HostFacts | Unreachable:
        """What a host has now; without an answer, why not."""
        probe = self.probe(facts)
        async with self.free:
            return self._since(host, await observe_one(self.hosts[host], probe, SECTIONS))

    def read(
        self, host: str, facts: Sequence[Fact], ended: Completed
    ) -> HostFacts | Unreachable:
        """What a host has by an answer of the probe."""
        return self._since(host, told_by(host, self.probe(facts), ended, SECTIONS))

    def _since(self, host: str, now: HostFacts | Unreachable) -> HostFacts | Unreachable:
        return since(self.began, Observed({host: now})).hosts[host]

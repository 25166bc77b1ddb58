"""The hosts of a desired state behind SSH, connected on first use, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from reconciler.hosts import Host
from reconciler.model.desired import Desired


@asynccontextmanager
async def connected(desired: Desired) -> AsyncIterator[Mapping[str, Mapping[str, Host]]]:
    """Hosts by cluster and member name; one connection each for as long as this lasts."""
    from reconciler.hosts.ssh import SshHost, SshShared, resolve  # noqa: PLC0415  # asyncssh is slow to import

    shared = SshShared()
    fleet: dict[str, dict[str, Host]] = {
        cluster.name: {
            member.name: SshHost(member.name, resolve(member, desired.ssh), shared)
            for member in cluster.members
        }
        for cluster in desired.clusters
    }
    try:
        yield fleet
    finally:
        hosts = [host for cluster in fleet.values() for host in cluster.values()]
        await asyncio.gather(*(host.close() for host in hosts))
        await shared.close()

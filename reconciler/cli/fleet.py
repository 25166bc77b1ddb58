"""The hosts of a desired state behind SSH, connected on first use, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from reconciler import telemetry
from reconciler.hosts import Host
from reconciler.hosts.logged import LoggedHost
from reconciler.model.desired import Desired, Member


@asynccontextmanager
async def connect_hosts(desired: Desired) -> AsyncIterator[Callable[[str, Member], Host]]:
    """The door to a member of a cluster; one connection each for as long as this lasts."""
    from reconciler.hosts.ssh import SshHost, SshShared, resolve  # noqa: PLC0415  # asyncssh is slow to import

    shared = SshShared()
    hosts: dict[tuple[str, str], Host] = {}

    def door(cluster: str, member: Member) -> Host:
        key = (cluster, member.name)
        if key not in hosts:
            host = SshHost(member.name, resolve(member, desired.ssh), shared)
            hosts[key] = LoggedHost(host, cluster) if telemetry.is_on() else host
        return hosts[key]

    try:
        yield door
    finally:
        await asyncio.gather(*(host.close() for host in hosts.values()))
        await shared.close()

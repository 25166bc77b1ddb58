"""The hosts of a desired state behind SSH, connected on first use, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from reconciler import telemetry
from reconciler.hosts import Host
from reconciler.hosts.logged import LoggedHost
from reconciler.model.desired import Desired, Member

if TYPE_CHECKING:
    from reconciler.hosts.ssh import SshSettings


Doors = Callable[[str, Member], Host]


@asynccontextmanager
async def connect_hosts(desired: Desired, *, compress: bool = False) -> AsyncIterator[Doors]:
    """The door to a member of a cluster; one connection each for as long as this lasts.

    ``compress`` what is sent: it pays where much is.
    """
    from reconciler.hosts.ssh import resolve  # noqa: PLC0415  # asyncssh is slow to import

    def settle(member: Member) -> tuple[SshSettings, bool]:
        return resolve(member, desired.ssh), False

    async with _connected(settle, compress=compress) as doors:
        yield doors


@asynccontextmanager
async def look_at_hosts(desired: Desired) -> AsyncIterator[Doors]:
    """As ``connect_hosts``, to look only: as the file's ``ssh.probe``, where it names one."""
    from reconciler.hosts.ssh import resolve, resolve_looking  # noqa: PLC0415  # as above

    def settle(member: Member) -> tuple[SshSettings, bool]:
        looking = resolve_looking(member, desired.ssh)
        return looking or resolve(member, desired.ssh), looking is not None

    async with _connected(settle) as doors:
        yield doors


@asynccontextmanager
async def _connected(
    settle: Callable[[Member], tuple[SshSettings, bool]],
    *,
    compress: bool = False,
) -> AsyncIterator[Doors]:
    """Doors as ``settle`` says of each member: how to log in, and whether only to look."""
    from reconciler.hosts.looking import LookedAtHost  # noqa: PLC0415  # as above
    from reconciler.hosts.ssh import SshHost, SshShared  # noqa: PLC0415  # as above

    shared = SshShared(compress=compress)
    hosts: dict[tuple[str, str], Host] = {}

    def door(cluster: str, member: Member) -> Host:
        key = (cluster, member.name)
        if key not in hosts:
            settings, looks_only = settle(member)
            host: Host = SshHost(member.name, settings, shared)
            host = LoggedHost(host, cluster) if telemetry.is_on() else host
            hosts[key] = LookedAtHost(host) if looks_only else host
        return hosts[key]

    try:
        yield door
    finally:
        await asyncio.gather(*(host.close() for host in hosts.values()))
        await shared.close()

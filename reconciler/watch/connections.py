"""Warm connections: a host that was asked a moment ago is asked again without a login.

No more are open than a bound; the one that was used longest ago makes room. Connections to jump
hosts come on top, one for each. A host that fails in a row is left alone for a while.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from reconciler import telemetry
from reconciler.errors import HostUnreachable
from reconciler.hosts import Host
from reconciler.hosts.logged import LoggedHost
from reconciler.hosts.looking import LookedAtHost
from reconciler.model.desired import Member
from reconciler.model.plan import Command, Completed
from reconciler.model.ssh_access import Ssh
from reconciler.watch.circuits import Circuits

if TYPE_CHECKING:
    from reconciler.hosts.ssh import SshSettings, SshShared

    Key: TypeAlias = "tuple[str, str, SshSettings, bool]"

# After these a login is tried anew with what ssh_config and known_hosts say then.
STALE = frozenset(
    {
        "host-key-changed",
        "host-key-checking-off",
        "host-key-revoked",
        "host-key-unknown",
        "login-refused",
        "ssh-config-invalid",
    }
)
# Seconds: known_hosts of thousands of hosts is not read again for each that fails.
REREAD = 60.0


@dataclass(slots=True, eq=False)
class _Era:
    """What ssh_config, known_hosts and keys said at one time, and how many hosts still use it."""

    shared: SshShared
    began: float
    hosts: int = 0


@dataclass(slots=True, eq=False)
class _Kept:
    host: Host
    era: _Era
    users: int = 0


class Connections:
    """At most ``limit`` connections to hosts, at most ``at_once`` of them at work.

    Each login and each command is ``told`` to the log, or none: what is wrong with a host is told
    once by the daemon, and not in each round.
    """

    def __init__(
        self, limit: int, at_once: int, *, told: bool, circuits: Circuits | None = None
    ) -> None:
        self._limit = limit
        self._hush = nullcontext if told else telemetry.mute
        self._free = asyncio.Semaphore(min(limit, at_once))
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._era: _Era | None = None
        self._circuits = circuits or Circuits()

    def __len__(self) -> int:
        """So many are kept."""
        return len(self._kept)

    @property
    def open_circuits(self) -> int:
        """So many hosts are not tried until their backoff is over."""
        return self._circuits.open_count

    def try_again(self, clusters: Collection[str] | None = None) -> None:
        """Somebody asks: hosts of these clusters, or all, are tried at once whatever became of them."""
        self._circuits.close(clusters)

    async def run(self, cluster: str, ssh: Ssh, member: Member, command: Command) -> Completed:
        """Run ``command`` on a member, looked at as the file's ``ssh.probe`` says where it does.

        Raises HostUnreachable, at once where the host is not to be tried now.
        """
        key = _key(cluster, ssh, member)
        host = key[2:]
        self._circuits.check(host, member.name)
        async with self._free:
            with self._circuits.trying(host, cluster, member.name):
                return await self._run(key, command)

    async def _run(self, key: Key, command: Command) -> Completed:
        await self._make_room(key)
        kept = self._keep(key)
        kept.users += 1
        try:
            with self._hush():
                return await kept.host.run(command)
        except HostUnreachable as error:
            if error.code in STALE:
                self._forget_era(kept.era)
                self._kept.pop(key, None)
            raise
        finally:
            kept.users -= 1
            if kept.users == 0 and self._kept.get(key) is not kept:
                await self._close(kept)

    async def renew(self) -> None:
        """Log in anew from now on, with what ssh_config, known_hosts and keys say then."""
        self._era = None
        self.try_again()
        await self._close_idle()

    async def close(self) -> None:
        """End all connections; never raises."""
        self._era = None
        await self._close_idle()

    async def _make_room(self, key: Key) -> None:
        """What is used now is no more than there are permits, so that something idle is there."""
        while key not in self._kept and len(self._kept) >= self._limit:
            oldest = next(k for k, kept in self._kept.items() if kept.users == 0)
            await self._close(self._kept.pop(oldest))

    def _keep(self, key: Key) -> _Kept:
        if key not in self._kept:
            from reconciler.hosts.ssh import SshHost, SshShared  # noqa: PLC0415  # slow to import

            if self._era is None:
                self._era = _Era(SshShared(), asyncio.get_running_loop().time())
            cluster, name, settings, looks_only = key
            host: Host = LoggedHost(SshHost(name, settings, self._era.shared), cluster)
            self._era.hosts += 1
            self._kept[key] = _Kept(LookedAtHost(host) if looks_only else host, self._era)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _forget_era(self, era: _Era) -> None:
        if era is self._era and asyncio.get_running_loop().time() - era.began >= REREAD:
            self._era = None

    async def _close_idle(self) -> None:
        """The rest is closed by who uses it."""
        kept = list(self._kept.values())
        self._kept.clear()
        await asyncio.gather(*(self._close(one) for one in kept if one.users == 0))

    async def _close(self, kept: _Kept) -> None:
        await kept.host.close()
        kept.era.hosts -= 1
        if kept.era.hosts == 0 and kept.era is not self._era:
            await kept.era.shared.close()


def _key(cluster: str, ssh: Ssh, member: Member) -> Key:
    from reconciler.hosts.ssh import resolve, resolve_looking  # noqa: PLC0415  # as above

    looking = resolve_looking(member, ssh)
    settings = looking or resolve(member, ssh)
    return cluster, member.name, settings, looking is not None

"""Connections: one per host and per jump host, opened on first use, shared until nobody uses it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import asyncssh
from asyncssh.connection import _open_proxy  # there is no public name

from reconciler import telemetry
from reconciler.errors import HostUnreachable
from reconciler.hosts.ssh.config import find_config, may_wait
from reconciler.hosts.ssh.economy import economise
from reconciler.hosts.ssh.failures import LOGIN_ERRORS, login_failure
from reconciler.hosts.ssh.key_file import say_unusable
from reconciler.hosts.ssh.keys import KnownHosts, Witness
from reconciler.hosts.ssh.prepared import ConnectionOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.hosts.ssh.route import Route

economise()
CONNECT_TIMEOUT = 10.0
CLOSE_TIMEOUT = 2.0
# Fleets larger than this gain nothing from more logins at once.
LOGINS = 256


class SshShared:
    """What all hosts of a run share: ssh_config, known_hosts, connections, a limit of logins.

    ``ssh_config`` defaults to $RECONCILE_SSH_CONFIG, else the user's own. ``compress`` what is sent,
    where the host can and ssh_config does not say otherwise.
    """

    def __init__(
        self, ssh_config: Path | None = None, logins: int = LOGINS, *, compress: bool = False
    ) -> None:
        self.compress = compress
        self.ssh_config = ssh_config or find_config()
        self.config_may_wait = self.ssh_config is not None and may_wait(self.ssh_config)
        self.known_hosts = KnownHosts()
        self.logins = asyncio.Semaphore(logins)
        self.options = ConnectionOptions()
        self._links: dict[Route, Link] = {}

    @property
    def held(self) -> int:
        """So many connections are held, those of jump hosts included."""
        return len(self._links)

    def link(self, route: Route) -> Link:
        """The only connection over ``route``; who asked for it gives it back with ``release``."""
        link = self._links.setdefault(route, Link(self, route))
        link.users += 1
        return link

    async def release(self, link: Link) -> None:
        """It is not used by one of its users any more; ends it after the last. Never raises."""
        link.users -= 1
        if link.users == 0:
            if self._links.get(link.route) is link:
                del self._links[link.route]
            await link.close()

    async def close(self) -> None:
        """End every connection, those through a jump host before the jump host's."""
        for link in sorted(self._links.values(), key=lambda one: len(one.route), reverse=True):
            await link.close()


class Link:
    """One connection, opened when first asked for and again when it was lost."""

    def __init__(self, shared: SshShared, route: Route) -> None:
        self._shared = shared
        self.route = route
        self.users = 0
        self._working = 0
        self._jump: Link | None = None
        self._lock = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._failed = 0
        self._failure = ("", "")
        # What goes through a jump host is encrypted already.
        self.is_jump = False

    async def open(self, name: str) -> asyncssh.SSHClientConnection:
        """A connection that was alive a moment ago, for the member ``name``.

        Those who ask at the same time share one attempt, and its failure. Raises
        HostUnreachable.
        """
        failed = self._failed
        async with self._lock:
            if self._connection is None or self._connection.is_closed():
                if self._failed > failed:
                    raise HostUnreachable(name, *self._failure)
                if self._connection is not None:
                    telemetry.warning("connection-lost", host=name, address=self._address)
                self._connection = await self._attempt(name)
            return self._connection

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """A command runs over it meanwhile."""
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1

    def give_up(self, connection: asyncssh.SSHClientConnection) -> bool:
        """Whether a connection that does not answer is let go: not while a command runs over it."""
        if self._working or self.is_jump:
            return False
        connection.abort()
        if self._connection is connection:
            self._connection = None
        return True

    async def close(self) -> None:
        """End the connection; never raises."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    connection.close()
                    await connection.wait_closed()
            except LOGIN_ERRORS:
                connection.abort()
        jump, self._jump = self._jump, None
        if jump is not None:
            await self._shared.release(jump)

    async def _attempt(self, name: str) -> asyncssh.SSHClientConnection:
        clock, address = asyncio.get_running_loop().time, self._address
        began = clock()
        try:
            connection = await self._connect(name)
        except HostUnreachable as error:
            self._failed += 1
            self._failure = (error.code, error.message)
            why = {"code": error.code, "message": error.message}
            spent = clock() - began
            telemetry.warning("connection-failed", host=name, **why, seconds=spent)
            raise
        server = str(connection.get_extra_info("server_version"))
        spent = clock() - began
        telemetry.info("connected", host=name, address=address, server=server, seconds=spent)
        return connection

    @property
    def _address(self) -> str:
        """Where it leads, after jump hosts, as a person writes it."""
        return " ".join(f"{hop.user}@{hop.address[0]}:{hop.address[1]}" for hop in self.route)

    async def _connect(self, name: str) -> asyncssh.SSHClientConnection:
        hop = self.route[-1]
        tunnel = await self._open_tunnel(name)
        await self._shared.known_hosts.load_aside(name, hop.known_hosts)
        witness = Witness(self._shared.known_hosts, hop.known_hosts)
        seconds = float(cast("int", hop.config.get("ConnectTimeout", CONNECT_TIMEOUT)))
        try:
            async with self._shared.logins, asyncio.timeout(seconds):
                compress = self._shared.compress and not self.is_jump
                options = self._shared.options.of(hop, witness, compress=compress)
                return await connect(options, tunnel)
        except LOGIN_ERRORS as error:
            code, message = login_failure(error, witness, hop.known_hosts)
            host, port = hop.address
            place = f"{hop.user}@{host} port {port}"
            why = message or f"no session within {seconds:g} s"
            if isinstance(error, asyncssh.PermissionDenied | asyncssh.KeyImportError) and (
                unusable := say_unusable(hop.settings.identity)
            ):
                why = f"{why}; {unusable}"
            why = why.replace(f" ({host} port {port})", "")  # the place says it
            raise HostUnreachable(name, code, f"{place}: {why}") from error

    async def _open_tunnel(self, name: str) -> asyncssh.SSHClientConnection | None:
        """The jump host's connection; asyncssh's own jumps would not be given our options."""
        if len(self.route) == 1:
            return None
        if self._jump is None:
            self._jump = self._shared.link(self.route[:-1])
        self._jump.is_jump = True
        try:
            return await self._jump.open(name)
        except HostUnreachable as error:
            raise HostUnreachable(name, error.code, f"jump host {error.message}") from error


async def connect(
    options: asyncssh.SSHClientConnectionOptions, tunnel: asyncssh.SSHClientConnection | None
) -> asyncssh.SSHClientConnection:
    """A connection that is logged in, through ``tunnel`` if there is one.

    As ``asyncssh.connect``, which would prepare the options anew for each host, in a thread.
    Raises what ``LOGIN_ERRORS`` names.
    """
    loop = asyncio.get_running_loop()
    options.waiter = loop.create_future()

    def make() -> asyncssh.SSHClientConnection:
        return asyncssh.SSHClientConnection(loop, options, wait="auth")

    connection: asyncssh.SSHClientConnection | None = None
    try:
        connection = await _reach(loop, make, options, tunnel)
        connection.set_extra_info(host=options.host, port=options.port)
        await options.waiter
    except BaseException:
        options.waiter.cancel()  # else nobody hears what becomes of it
        if connection is not None:
            connection.abort()
            await connection.wait_closed()
        raise
    return connection


async def _reach(
    loop: asyncio.AbstractEventLoop,
    make: Callable[[], asyncssh.SSHClientConnection],
    options: asyncssh.SSHClientConnectionOptions,
    tunnel: asyncssh.SSHClientConnection | None,
) -> asyncssh.SSHClientConnection:
    """A connection that has begun, by the way that the options say."""
    where = (make, options.host, options.port)
    found: tuple[object, asyncssh.SSHClientConnection]
    if options.proxy_command:
        return await _open_proxy(loop, options.proxy_command, make)
    if tunnel is not None:
        found = await cast("Any", tunnel).create_connection(*where)
    else:
        found = await loop.create_connection(
            *where, family=options.family, local_addr=options.local_addr
        )
    return found[1]

"""Connections: one per host and per jump host, opened on first use, shared from then on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, cast

import asyncssh

from reconciler import telemetry
from reconciler.errors import HostUnreachable
from reconciler.hosts.ssh.config import ClientConfig, find_config, may_wait
from reconciler.hosts.ssh.failures import LOGIN_ERRORS, login_failure
from reconciler.hosts.ssh.keys import ClientKeys, KnownHosts, Witness

if TYPE_CHECKING:
    from reconciler.hosts.ssh.route import Hop, Route

CONNECT_TIMEOUT = 10.0
CLOSE_TIMEOUT = 2.0
# Fleets larger than this gain nothing from more logins at once.
LOGINS = 256

# Where ssh_config is silent: curve25519 costs 60 ms of CPU per host less than the
# post-quantum exchanges, AES-GCM a fifth less than chacha20.
TUNED = (
    ("kex_algs", "KexAlgorithms", "^curve25519-sha256,curve25519-sha256@libssh.org"),
    ("encryption_algs", "Ciphers", "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"),
)
# To act: the scripts shrink to a third or less, and to a tenth when sent again, so that a command
# fits into what TCP sends without waiting for an answer. To look once costs more CPU than it saves.
COMPRESSED = ("compression_algs", "Compression", ["zlib@openssh.com", "none"])
# Whatever ssh_config says: nothing is forwarded, no pty, no passwords; no key exchange and no
# certificate chain that known_hosts has no say in; and English messages from sudo.
FIXED: dict[str, object] = {
    "agent_forwarding": False,
    "x11_forwarding": False,
    "request_pty": False,
    "env": {"LC_ALL": "C"},
    "send_env": None,
    "password_auth": False,
    "kbdint_auth": False,
    "gss_kex": False,
    "gss_delegate_creds": False,
    "x509_trusted_certs": None,
    "canonicalize_hostname": False,
    "keepalive_interval": 15,
    "keepalive_count_max": 3,
    "utf8_decode_errors": "replace",
    "connect_timeout": None,
}


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
        self.client_keys = ClientKeys()
        self._links: dict[Route, Link] = {}

    def link(self, route: Route) -> Link:
        """The only connection over ``route``."""
        return self._links.setdefault(route, Link(self, route))

    async def close(self) -> None:
        """End every connection, those through a jump host before the jump host's."""
        for route in sorted(self._links, key=len, reverse=True):
            await self._links[route].close()


class Link:
    """One connection, opened when first asked for and again when it was lost."""

    def __init__(self, shared: SshShared, route: Route) -> None:
        self._shared = shared
        self._route = route
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

    async def close(self) -> None:
        """End the connection; never raises."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                connection.close()
                await connection.wait_closed()
        except LOGIN_ERRORS:
            connection.abort()

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
        return " ".join(f"{hop.user}@{hop.address[0]}:{hop.address[1]}" for hop in self._route)

    async def _connect(self, name: str) -> asyncssh.SSHClientConnection:
        hop = self._route[-1]
        tunnel = await self._open_tunnel(name)
        self._shared.known_hosts.load(name, hop.known_hosts)
        witness = Witness(self._shared.known_hosts, hop.known_hosts)
        seconds = float(cast("int", hop.config.get("ConnectTimeout", CONNECT_TIMEOUT)))
        try:
            async with self._shared.logins, asyncio.timeout(seconds):
                return await asyncssh.connect(
                    hop.settings.host,
                    hop.settings.port or (),
                    tunnel=tunnel,
                    config=None,
                    options=Preset(hop.config),
                    client_factory=lambda: witness,
                    known_hosts=witness.keys,
                    username=hop.user,
                    **_options(hop, self._shared.client_keys),
                    **self._compression(hop),
                )
        except LOGIN_ERRORS as error:
            code, message = login_failure(error, witness, hop.known_hosts)
            host, port = hop.address
            place = f"{hop.user}@{host} port {port}"
            why = message or f"no session within {seconds:g} s"
            why = why.replace(f" ({host} port {port})", "")  # the place says it
            raise HostUnreachable(name, code, f"{place}: {why}") from error

    async def _open_tunnel(self, name: str) -> asyncssh.SSHClientConnection | None:
        """The jump host's connection; asyncssh's own jumps would not be given our options."""
        if len(self._route) == 1:
            return None
        jump = self._shared.link(self._route[:-1])
        jump.is_jump = True
        try:
            return await jump.open(name)
        except HostUnreachable as error:
            raise HostUnreachable(name, error.code, f"jump host {error.message}") from error

    def _compression(self, hop: Hop) -> dict[str, object]:
        name, word, wanted = COMPRESSED
        silent = hop.config.get(word) is None
        compresses = self._shared.compress and silent and not self.is_jump
        return {name: wanted if compresses else None}


class Preset(asyncssh.SSHClientConnectionOptions):
    """Hands asyncssh an ssh_config that has been read already, instead of reading it again."""

    def __init__(self, config: ClientConfig) -> None:
        self.config = config
        self.kwargs = {}


def _options(hop: Hop, loaded: ClientKeys) -> dict[str, object]:
    tuned = {name: value for name, word, value in TUNED if hop.config.get(word) is None}
    return FIXED | tuned | loaded.of(_keys(hop), hop.config)


def _keys(hop: Hop) -> dict[str, object]:
    """The private keys to offer: only ``identity`` if it is set, else what ssh_config lists.

    A key with a passphrase is left to the agent, a listed file that does not exist is passed
    over, both as ssh does.
    """
    if (identity := hop.settings.identity) is not None:
        public = Path(f"{identity}.pub")
        agent: dict[str, object] = (
            {"agent_identities": [str(public)]} if public.is_file() else {"agent_path": None}
        )
        return {"client_keys": [identity], "ignore_encrypted": True, **agent}
    listed = hop.config.texts("IdentityFile", ())
    present = [file for file in listed if Path(file).expanduser().is_file()]
    return {"client_keys": present, "ignore_encrypted": True} if listed else {}

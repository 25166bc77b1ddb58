"""What asyncssh is told of a connection: prepared once for all hosts that are reached alike."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import asyncssh

from reconciler.hosts.ssh.keys import ClientKeys

if TYPE_CHECKING:
    from reconciler.hosts.ssh.config import ClientConfig
    from reconciler.hosts.ssh.keys import Witness
    from reconciler.hosts.ssh.route import Hop

    Alike = tuple[str, str | None, bool, dict[str, object]]

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
    "compression_algs": None,
    "keepalive_interval": 15,
    "keepalive_count_max": 3,
    "utf8_decode_errors": "replace",
    "connect_timeout": None,
}
# Of ssh_config, what a connection has for itself.
OWN = ("Hostname", "Port")


class ConnectionOptions:
    """Options of the connections of a run.

    To prepare them costs asyncssh as much as the key exchange, and a hop to a thread; hosts of
    which ssh_config says the same share it.
    """

    def __init__(self) -> None:
        self._client_keys = ClientKeys()
        self._prepared: list[tuple[Alike, asyncssh.SSHClientConnectionOptions]] = []

    def of(
        self, hop: Hop, witness: Witness, *, compress: bool = False
    ) -> asyncssh.SSHClientConnectionOptions:
        """For one connection, whose host key ``witness`` answers for.

        ``compress`` what is sent, where the host can and ssh_config does not say otherwise.

        Raises what ``LOGIN_ERRORS`` names, for keys and options that cannot be used.
        """
        alike = _alike(hop, compress=compress)
        shared = next((options for key, options in self._prepared if key == alike), None)
        if shared is None:
            shared = self._prepare(hop, compress=compress)
            self._prepared.append((alike, shared))
        own = copy(shared)
        own.config = hop.config
        own.host, own.port = hop.host, hop.port
        own.orig_host = hop.settings.host
        own.known_hosts = cast("Any", witness.keys)
        own.protocol_factory = lambda: witness
        return own

    def _prepare(self, hop: Hop, *, compress: bool) -> asyncssh.SSHClientConnectionOptions:
        tuned: dict[str, object] = {
            name: value for name, word, value in TUNED if hop.config.get(word) is None
        }
        name, word, wanted = COMPRESSED
        if compress and hop.config.get(word) is None:
            tuned[name] = wanted
        given = FIXED | tuned | self._client_keys.of(_keys(hop), hop.config)
        return asyncssh.SSHClientConnectionOptions(
            Preset(hop.config), config=None, host=hop.settings.host, username=hop.user, **given
        )


class Preset(asyncssh.SSHClientConnectionOptions):
    """Hands asyncssh an ssh_config that has been read already, instead of reading it again."""

    def __init__(self, config: ClientConfig) -> None:
        self.config = config
        self.kwargs = {}


def _alike(hop: Hop, *, compress: bool) -> Alike:
    """What the options of a connection depend on, all but ``OWN``."""
    said = {k: v for k, v in hop.config.get_options(reload=False).items() if k not in OWN}
    return hop.user, hop.settings.identity, compress, said


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

"""Which host keys are trusted: known_hosts, each file parsed once for the whole run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

import asyncssh
from typing_extensions import override

from reconciler.errors import HostUnreachable
from reconciler.system_errors import say_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reconciler.hosts.ssh.config import ClientConfig

SSH_PORT = 22
# Bytes of known_hosts; the keys of 8,000 hosts, 0.9 MB, take 0.2 s of CPU.
LONG = 1 << 16


class HostKeys(NamedTuple):
    """What known_hosts says about one host, in the order in which asyncssh wants it."""

    trusted: list[asyncssh.SSHKey]
    authorities: list[asyncssh.SSHKey]
    revoked: list[asyncssh.SSHKey]


class KnownHosts:
    """The known_hosts files of a run; thousands of keys are not read again per connection."""

    def __init__(self) -> None:
        self._parsed: dict[Path, asyncssh.SSHKnownHosts | None] = {}
        self._reading = asyncio.Lock()

    async def load_aside(self, name: str, files: Sequence[Path]) -> None:
        """As ``load``, beside the event loop where that would hold it up. Raises HostUnreachable."""
        async with self._reading:
            if any(file not in self._parsed and _is_long(file) for file in files):
                await asyncio.to_thread(self.load, name, files)
            else:
                self.load(name, files)

    def load(self, name: str, files: Sequence[Path]) -> None:
        """Read what of ``files`` exists, for the member ``name``.

        Raises HostUnreachable, ``host-key-unknown``, if none does or one cannot be read.
        """
        for file in files:
            if file not in self._parsed:
                self._parsed[file] = _parse(name, file)
        if all(self._parsed[file] is None for file in files):
            message = f"no known_hosts file: {_listed(files)} does not exist; host keys are always checked"
            raise HostUnreachable(name, "host-key-unknown", message)

    def match(self, files: Sequence[Path], host: str, port: int | None) -> HostKeys:
        """The keys of ``host``; those without a port count where none stand with it.

        Only the name decides, as in OpenSSH: an address that happens to be another known
        host's proves nothing. What is revoked is revoked with and without the port.
        """
        names = [host] if port in {None, SSH_PORT} else [f"[{host}]:{port}", host]
        found = [self._match_name(files, name) for name in names]
        keys = next((keys for keys in found if keys.trusted or keys.authorities), found[-1])
        return keys._replace(revoked=[key for keys in found for key in keys.revoked])

    def _match_name(self, files: Sequence[Path], name: str) -> HostKeys:
        keys = HostKeys([], [], [])
        for known in filter(None, map(self._parsed.get, files)):
            for spelling in dict.fromkeys((name, name.lower())):
                trusted, authorities, revoked, *_ = known.match(spelling, "", None)
                keys.trusted.extend(trusted)
                keys.authorities.extend(authorities)
                keys.revoked.extend(revoked)
        return keys


class ClientKeys:
    """The private keys of a run, each file read once; not those that come with certificates."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[tuple[str, ...], bool], Sequence[asyncssh.SSHKeyPair]] = {}

    def of(self, options: dict[str, object], config: ClientConfig) -> dict[str, object]:
        """``options`` with keys in place of their files.

        Raises OSError and asyncssh.KeyImportError for a file that cannot be used.
        """
        files = tuple(cast("Sequence[str]", options.get("client_keys", ())))
        if not files or config.get("CertificateFile"):
            return options
        only = bool(config.get("IdentitiesOnly"))  # then a public key may stand in for one
        if (files, only) not in self._loaded:
            self._loaded[files, only] = asyncssh.load_keypairs(
                list(files), skip_public=only, ignore_encrypted=True
            )
        if not self._loaded[files, only]:
            return options  # for an empty list asyncssh would offer the usual files' keys
        named = {"agent_identities": list(files)} if only else {}
        return {**named, **options, "client_keys": self._loaded[files, only]}


class Witness(asyncssh.SSHClient):
    """Answers for one connection's host key, and remembers what was offered and expected."""

    def __init__(self, known: KnownHosts, files: Sequence[Path]) -> None:
        self.expected = HostKeys([], [], [])
        self.offered: asyncssh.SSHKey | None = None
        self._known = known
        self._files = files

    def keys(self, host: str, _address: str, port: int | None) -> HostKeys:
        """What known_hosts holds for ``host``; asyncssh asks before the key exchange."""
        self.expected = self._known.match(self._files, host, port)
        return self.expected

    @override
    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Never trusts a key that known_hosts does not hold."""
        self.offered = key
        return False

    @override
    def validate_host_ca_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Never trusts an authority that known_hosts does not hold."""
        self.offered = key
        return False


def _parse(name: str, file: Path) -> asyncssh.SSHKnownHosts | None:
    """The content of ``file``, None if it does not exist."""
    try:
        return asyncssh.import_known_hosts(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        message = f"{file} cannot be read, so no host key can be checked: {say_error(error)}"
        raise HostUnreachable(name, "host-key-unknown", message) from error


def _is_long(file: Path) -> bool:
    try:
        return file.stat().st_size > LONG
    except OSError:
        return False  # reading it says why


def _listed(files: Sequence[Path]) -> str:
    return ", ".join(map(str, files))

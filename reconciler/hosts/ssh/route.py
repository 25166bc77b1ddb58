"""The way to a host: the host itself, and before it the jump hosts that lead there."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, cast

from reconciler.errors import HostUnreachable
from reconciler.frozen import frozen
from reconciler.hosts.ssh.config import ClientConfig, known_hosts_files, local_user, read_config
from reconciler.hosts.ssh.keys import SSH_PORT
from reconciler.hosts.ssh.settings import SshSettings
from reconciler.model.digits import is_port

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_USER = "root"


@frozen
class Hop:
    """One SSH server of a route, as settings and ssh_config together describe it."""

    settings: SshSettings
    user: str
    known_hosts: tuple[Path, ...]
    config: ClientConfig = field(compare=False, repr=False)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port as they are connected to."""
        return self.host, self.port

    @property
    def host(self) -> str:
        """The name or address that is connected to."""
        return self.config.text("Hostname") or self.settings.host

    @property
    def port(self) -> int:
        """The port that is connected to."""
        return self.settings.port or cast("int", self.config.get("Port", SSH_PORT))


Route = tuple[Hop, ...]


def find_route(name: str, file: Path | None, settings: SshSettings) -> Route:
    """The hops to the member ``name``, itself last; ``file`` is the ssh_config.

    A jump host without a user of its own is entered as ssh does, by the local user's name.
    Raises HostUnreachable for an ssh_config that is unusable, unsafe or leads in circles.
    """
    route: Route = (_hop(name, file, settings, DEFAULT_USER),)
    while (jump := _jump(route[0])) is not None:
        before = _jump_settings(name, jump, route[0].settings)
        hop = _hop(name, file, before, local_user())
        if hop.address == route[0].address:
            break  # `Host *` with a ProxyJump holds for the jump host itself too
        if any(hop.address == known.address for known in route):
            raise HostUnreachable(
                name, "ssh-config-invalid", f"ProxyJump {jump} leads in a circle"
            )
        if hop.config.get("IdentityFile"):
            hop = replace(hop, settings=replace(hop.settings, identity=None))
        route = (hop, *route)
    return route


def _hop(name: str, file: Path | None, settings: SshSettings, default_user: str) -> Hop:
    config = read_config(name, file, settings)
    user = settings.user or config.text("User") or default_user
    return Hop(settings, user, known_hosts_files(config, settings), config)


def _jump(hop: Hop) -> str | None:
    jump = hop.settings.jump or hop.config.text("ProxyJump")
    return None if jump is None or jump.lower() == "none" else jump


def _jump_settings(name: str, jump: str, after: SshSettings) -> SshSettings:
    """How the last host of ``jump`` is reached; it shares identity and known_hosts."""
    before, _, last = jump.rpartition(",")
    user, _, place = last.strip().removeprefix("ssh://").rpartition("@")
    host, port = _split_port(place)
    if not host or not (port is None or is_port(port)):
        raise HostUnreachable(name, "ssh-config-invalid", f"{repr(jump)[:400]} is no jump host")
    return replace(
        after,
        host=host,
        user=user or None,
        sudo=False,
        port=None if port is None else int(port),
        jump=before or None,
    )


def _split_port(place: str) -> tuple[str, str | None]:
    """``host``, ``host:port``, ``[address]:port`` or a bare IPv6 address."""
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        return host, rest.removeprefix(":") or None
    host, colon, port = place.partition(":")
    return (host, port) if colon and ":" not in port else (place, None)

"""How one host is reached: the member's word, then the file's, the rest left to ssh_config."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.desired import Member, Ssh


@dataclass(frozen=True, slots=True)
class SshSettings:
    """Where and as whom to log in; None leaves the matter to ssh_config.

    ``jump`` is ``[user@]host[:port]``, several joined by commas, or ``none`` for no jump at all
    whatever ssh_config says. Paths are absolute or relative to the working directory.
    """

    host: str
    user: str | None = None
    sudo: bool = False
    port: int | None = None
    identity: str | None = None
    known_hosts: str | None = None
    jump: str | None = None


def resolve(member: Member, defaults: Ssh) -> SshSettings:
    """The settings of ``member`` where it has its own, else the file's ``defaults``.

    The host is the member's own or its name, never a default: it would make all one machine.
    """
    ssh = defaults.model_copy(update=member.ssh.model_dump(exclude_none=True))
    return SshSettings(
        host=member.ssh.host or member.name,
        user=ssh.user,
        sudo=bool(ssh.sudo),
        port=ssh.port,
        identity=_expanded(ssh.identity),
        known_hosts=_expanded(ssh.known_hosts),
        jump=ssh.jump,
    )


def _expanded(path: str | None) -> str | None:
    return None if path is None else str(Path(path).expanduser())

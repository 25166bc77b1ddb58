"""How one host is reached: the member's word, then the file's, the rest left to ssh_config."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.frozen import frozen
from reconciler.model.ssh_access import Ssh

if TYPE_CHECKING:
    from reconciler.model.desired import Member


@frozen
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
    ssh = _of(member, defaults)
    return SshSettings(
        host=member.ssh.host or member.name,
        user=ssh.user,
        sudo=bool(ssh.sudo),
        port=ssh.port,
        identity=_expanded(ssh.identity),
        known_hosts=_expanded(ssh.known_hosts),
        jump=ssh.jump,
    )


def resolve_looking(member: Member, defaults: Ssh) -> SshSettings | None:
    """As ``resolve``, for the user who may only look; None where the file names none.

    The key is that user's own: the other one need not be where looking is done.
    """
    looking = defaults.probe if member.ssh.probe is None else member.ssh.probe
    if looking is None:
        return None
    identity = _expanded(looking.identity)
    return replace(resolve(member, defaults), user=looking.user, sudo=True, identity=identity)


def _of(member: Member, defaults: Ssh) -> Ssh:
    """The member's own words over the file's."""
    own = {name: getattr(member.ssh, name) for name in Ssh.model_fields}
    return defaults.model_copy(update={k: v for k, v in own.items() if v is not None})


def _expanded(path: str | None) -> str | None:
    return None if path is None else str(Path(path).expanduser())

"""How hosts are reached over SSH, as an operator writes it (manual file, 1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from reconciler.model.field_types import FilePath, Jump, Remote, User
from reconciler.model.strict import Strict

Port = Annotated[int, Field(ge=1, le=65535)]

# What ssh takes for "check no host key".
NO_HOST_KEYS = frozenset({"none", "/dev/null"})


class Looking(Strict):
    """A user who may run the installed probe and nothing else (`reconcile sudoers --read-only`)."""

    user: User = Field(default="reconcile-probe", description="The user to log in as.")
    identity: FilePath | None = Field(
        default=None,
        description="The private key's file; ssh_config's or the agent's if unset.",
    )


class Ssh(Strict):
    """How a host is reached; what is unset comes from the file's, then from ssh_config."""

    host: Remote | None = Field(
        default=None, description="Where ssh connects to; the member's name if unset."
    )
    user: User | None = Field(default=None, description="The user to log in as.")
    sudo: bool | None = Field(
        default=None, description="Run through `sudo -n`; needed when the user is not root."
    )
    port: Port | None = Field(default=None, description="The port of sshd.")
    identity: FilePath | None = Field(default=None, description="The private key's file.")
    known_hosts: FilePath | None = Field(
        default=None, description="The file of known host keys; they are always checked."
    )
    jump: Jump | None = Field(
        default=None, description="The host to jump through: [user@]host[:port]."
    )
    probe: Looking | None = Field(
        default=None, description="As whom drift, status, observe and plan look; apply never."
    )

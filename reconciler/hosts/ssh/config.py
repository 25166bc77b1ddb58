"""What the user's ssh_config says about a host, and whether it would switch checks off.

asyncssh's own reader does the reading (Include, Match, tokens). It ignores
StrictHostKeyChecking and takes ``UserKnownHostsFile none`` for "check nothing": both are
looked at here, before any connection, and refused.
"""

from __future__ import annotations

import getpass
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from asyncssh.config import SSHClientConfig

from reconciler.errors import HostUnreachable
from reconciler.system_errors import say_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.hosts.ssh.settings import SshSettings

ENVIRONMENT = "RECONCILE_SSH_CONFIG"
USER_FILES = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
SYSTEM_FILES = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
USER_VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")  # which getpass asks first
_CHECKED = {"yes", "true", "ask"}
_NOWHERE = {"none", os.devnull}
MOST_WORDS = 300  # asyncssh quotes all of a line


class ClientConfig(SSHClientConfig):
    """asyncssh's reader with ears for what it ignores, and tokens in known_hosts paths."""

    # asyncssh has no public way to add an option; the unit tests notice if this one ends.
    _handlers = {  # noqa: RUF012  # a table that the parent class declares without ClassVar
        **SSHClientConfig._handlers,  # noqa: SLF001  # see above
        "stricthostkeychecking": ("StrictHostKeyChecking", SSHClientConfig._set_string),  # noqa: SLF001
    }
    _percent_expand = SSHClientConfig._percent_expand | {  # noqa: SLF001  # see above
        "UserKnownHostsFile",
        "GlobalKnownHostsFile",
    }

    def text(self, option: str) -> str | None:
        """The value of an option that is one word."""
        return cast("str | None", self.get(option))

    def texts(self, option: str, default: Sequence[str]) -> tuple[str, ...]:
        """The values of an option that is a list."""
        return tuple(cast("Sequence[str]", self.get(option, default)))


def local_user() -> str:
    """Who runs this, as ssh says ``%u``; the password file is asked once, not for each host."""
    return _user_of(tuple(map(os.environ.get, USER_VARIABLES)))


@cache
def _user_of(_named: tuple[str | None, ...]) -> str:
    return getpass.getuser()


def find_config() -> Path | None:
    """The ssh_config to read: the environment's, else the user's own if there is one."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named).expanduser()
    own = Path("~/.ssh/config").expanduser()
    return own if own.is_file() else None


def may_wait(file: Path) -> bool:
    """Whether reading ``file`` can take long: it runs a program, or another file of it may."""
    try:
        text = file.read_text("utf-8", "replace").lower()
    except OSError:
        return False
    return "exec" in text or "include" in text


def read_config(name: str, file: Path | None, settings: SshSettings) -> ClientConfig:
    """What ``file`` says about the host of ``settings``.

    Raises HostUnreachable: ``ssh-config-invalid`` if it cannot be read, and
    ``host-key-checking-off`` if it switches host-key checks off for this host.
    """
    try:
        config = _load(file, settings, last=None)
        if config.has_match_final():
            config = _load(file, settings, last=config)
    except (OSError, LookupError, ValueError) as error:  # LookupError: a line that is only "="
        message = f"ssh_config cannot be used: {say_error(error)[:MOST_WORDS]}"
        raise HostUnreachable(name, "ssh-config-invalid", message) from error
    if off := _checking_off(config, settings):
        message = (
            f"host-key checking is switched off for {settings.host} by {off}; "
            "host keys are always checked"
        )
        raise HostUnreachable(name, "host-key-checking-off", message)
    return config


def _load(
    file: Path | None, settings: SshSettings, *, last: ClientConfig | None
) -> ClientConfig:
    """One pass over the file; the second one, for ``Match final``, builds on the first."""
    arguments = (local_user(), settings.user or (), settings.host, settings.port or ())
    files = [] if file is None else [str(file)]
    loaded = ClientConfig.load(last, files, False, False, last is not None, *arguments)  # noqa: FBT003  # asyncssh's
    return cast("ClientConfig", loaded)


def _checking_off(config: ClientConfig, settings: SshSettings) -> str | None:
    """The words that switch checking off for this host, if there are any."""
    if settings.known_hosts is not None and settings.known_hosts in _NOWHERE:
        return f"known_hosts: {settings.known_hosts}"
    strict = config.get("StrictHostKeyChecking", "yes")
    if str(strict).lower() not in _CHECKED:
        return f"StrictHostKeyChecking {strict} in ssh_config"
    files = config.texts("UserKnownHostsFile", USER_FILES)
    if all(file.lower() in _NOWHERE for file in files):
        return f"UserKnownHostsFile {' '.join(files) or 'none'} in ssh_config"
    return None


def known_hosts_files(config: ClientConfig, settings: SshSettings) -> tuple[Path, ...]:
    """Where the host's key must stand: the setting's file, else ssh_config's or the usual."""
    if settings.known_hosts is not None:
        return (Path(settings.known_hosts),)
    own = config.texts("UserKnownHostsFile", USER_FILES)
    return tuple(
        Path(file).expanduser()
        for file in (*own, *config.texts("GlobalKnownHostsFile", SYSTEM_FILES))
        if file not in _NOWHERE
    )

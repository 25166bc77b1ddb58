"""Why a session failed: a stable code, and a message that says what was seen.

What to do about a code stands with the code, in ``model/refusals.py``.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import asyncssh

from reconciler.system_errors import say_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reconciler.hosts.ssh.keys import Witness
    from reconciler.model.plan import Command, Completed

# After these the command may have done its work, or still be at it; after all others it was
# never started.
MAY_HAVE_RUN = frozenset({"command-timeout", "connection-lost", "output-too-large"})

LOGIN_ERRORS = (OSError, asyncssh.Error, ValueError)
CLOSED = "the other side closed the connection before there was a session"
_LONGEST_SHOWN = 120

# sudo 1.8 and 1.9 and sudo-rs in the C locale; they end with status 1, a missing sudo with 127.
_SUDO_REFUSAL = re.compile(
    r"sudo(-rs)?: .*(password is required|terminal is required|authentication is required"
    r"|must have a tty|no tty present|not found|account validation failure)"
    r"|sudo(-rs)?: .*not allowed|sorry, user .* (is not allowed|may not run)"
    r"|.* (may not run sudo|is not in the sudoers file|is not allowed to run sudo)"
    r"|.*\bsudo: (command )?not found",
    re.IGNORECASE,
)


def login_failure(error: Exception, witness: Witness, files: Sequence[Path]) -> tuple[str, str]:
    """The code and the message of a connection that did not come about.

    The message is empty if our own time ran out.
    """
    match error:
        case asyncssh.HostKeyNotVerifiable():
            return _key_failure(error, witness, files)
        case asyncssh.KeyExchangeFailed() if "host key" in str(error):
            return _key_failure(error, witness, files)
        case asyncssh.PermissionDenied():
            return "login-refused", say_error(error)
        case OSError() | asyncssh.Error():
            return _network_failure(error)
        case asyncssh.KeyImportError() | asyncssh.KeyEncryptionError():
            return "login-refused", f"the private key cannot be used: {say_error(error)}"
        case _:
            return "ssh-config-invalid", f"ssh_config cannot be used: {say_error(error)}"


def _network_failure(error: Exception) -> tuple[str, str]:
    """No SSH server answers; or a file of ours is missing, which is an OSError as well."""
    if isinstance(error, OSError) and error.filename is not None:
        return "login-refused", f"{error.filename} cannot be read: {error.strerror}"
    if isinstance(error, ConnectionResetError | BrokenPipeError | asyncssh.ConnectionLost):
        return "host-unreachable", CLOSED  # which of them it is hangs on a moment only
    if isinstance(error, TimeoutError):
        return "host-unreachable", say_error(error)
    return "host-unreachable", say_error(error) or type(error).__name__


def _key_failure(error: Exception, witness: Witness, files: Sequence[Path]) -> tuple[str, str]:
    """The three ways in which a host key can be wrong."""
    places = ", ".join(map(str, files))
    if "revoked" in str(error):
        return "host-key-revoked", f"its host key is marked @revoked in {places}"
    offered = _shown(witness.offered) if witness.offered else "no key of a known type"
    if witness.expected.trusted:
        known = ", ".join(map(_shown, witness.expected.trusted))
        return "host-key-changed", (
            f"its host key has changed: it offers {offered}, {places} holds {known}; "
            "someone may be in between"
        )
    why = "" if witness.offered else f" ({say_error(error)})"
    return "host-key-unknown", (
        f"its host key is not known: it offers {offered}{why}, {places} holds none"
    )


def _shown(key: asyncssh.SSHKey) -> str:
    return f"{key.get_algorithm()} {key.get_fingerprint()}"


def sudo_refusal(completed: Completed) -> str | None:
    """sudo's own line if it did not run the command at all, else None."""
    if completed.status not in {1, 127} or completed.stdout:
        return None
    lines = map(str.strip, completed.stderr.splitlines())
    return next((line for line in lines if _SUDO_REFUSAL.match(line)), None)


def shorten_command(command: Command) -> str:
    """``command`` on one short line; a script of several lines is shown as ``…``."""
    words = (
        "…" if "\n" in word else shlex.quote(word) for word in command.shown_as or command.argv
    )
    line = " ".join(words)
    return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…"

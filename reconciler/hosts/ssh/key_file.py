"""Why a private key's file was of no use, for whoever was refused with it."""

from __future__ import annotations

from pathlib import Path

import asyncssh

_PUBLIC = ("ssh-", "ecdsa-", "sk-", "---- BEGIN SSH2 PUBLIC")
_MOST = 65536


def say_unusable(identity: str | None) -> str:
    """What is wrong with the file, and what to do; empty if it holds a key that can be offered."""
    if identity is None:
        return ""
    try:
        with Path(identity).expanduser().open("rb") as file:
            data = file.read(_MOST)
    except OSError:
        return ""  # told where the key is loaded
    if data.lstrip().startswith(tuple(word.encode() for word in _PUBLIC)):
        private = identity.removesuffix(".pub")
        return f"{identity} is a public key: name the private one" + (
            f", {private}" if private != identity else ""
        )
    try:
        asyncssh.import_private_key(data)
    except asyncssh.KeyEncryptionError:
        return _LOCKED.format(identity)
    except asyncssh.KeyImportError as error:
        return _LOCKED.format(identity) if "assphrase" in str(error) else ""
    return ""


_LOCKED = "{0} has a passphrase, and the agent does not have that key: ssh-add {0}"

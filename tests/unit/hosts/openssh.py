"""OpenSSH's own server on loopback, for tests."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.hosts.ssh_server import LOOPBACK, Lab, new_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
RUNTIME = Path("/run/sshd")
needs_sshd = pytest.mark.skipif(SSHD is None, reason="no sshd (package openssh-server)")

CONFIG = """\
Port {port}
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
"""


@asynccontextmanager
async def openssh(lab: Lab, folder: Path, *prefix: str) -> AsyncIterator[int]:
    """The port of an sshd with its files in ``folder``, whose key ``lab`` trusts.

    ``prefix`` is what it is started by. Who may log in stands in ``authorized_keys``.
    """
    key = new_key()
    key.write_private_key(folder / "host_key")
    (folder / "host_key").chmod(0o600)
    with closing(socket.create_server((LOOPBACK, 0))) as free:
        port: int = free.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(CONFIG.format(port=port, address=LOOPBACK, folder=folder))
    lab.trust(f"[{LOOPBACK}]:{port} {key.export_public_key().decode()}")
    server = await asyncio.create_subprocess_exec(
        *(*prefix, str(SSHD), "-D", "-e", "-f", str(config)), stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    try:
        line = await server.stderr.readline()
        assert b"listening" in line, line + await server.stderr.read()
        yield port
    finally:
        with suppress(ProcessLookupError):  # a test may have killed it
            server.terminate()
        await server.communicate()

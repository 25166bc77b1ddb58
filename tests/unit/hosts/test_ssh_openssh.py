"""The same transport against OpenSSH's own server, where one is installed."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import HostUnreachable
from reconciler.hosts.ssh import SshHost, SshSettings
from reconciler.model.plan import Command
from tests.unit.hosts.ssh_server import LOOPBACK, Lab, new_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

RUNTIME = Path("/run/sshd")

pytestmark = pytest.mark.skipif(SSHD is None, reason="no sshd (package openssh-server)")

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


@pytest.fixture
def privileges() -> Iterator[None]:
    """The empty directory that sshd wants when root runs it; its unit makes it elsewhere."""
    needed = os.geteuid() == 0 and not RUNTIME.exists()
    if needed:
        RUNTIME.mkdir(mode=0o755)
    yield
    if needed:
        RUNTIME.rmdir()


@pytest.fixture
async def host(lab: Lab, privileges: None) -> AsyncIterator[SshHost]:
    """A member behind a real sshd, which logs in whoever runs the tests."""
    folder = lab.home / "sshd"
    folder.mkdir()
    key = new_key()
    key.write_private_key(folder / "host_key")
    (folder / "host_key").chmod(0o600)
    lab.key.write_public_key(folder / "authorized_keys")
    with closing(socket.create_server((LOOPBACK, 0))) as free:
        port = free.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(CONFIG.format(port=port, address=LOOPBACK, folder=folder))
    lab.trust(f"[{LOOPBACK}]:{port} {key.export_public_key().decode()}")
    server = await asyncio.create_subprocess_exec(
        *(str(SSHD), "-D", "-e", "-f", str(config)), stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    try:
        line = await server.stderr.readline()
        assert b"listening" in line, line + await server.stderr.read()
        user = pwd.getpwuid(os.getuid()).pw_name
        settings = SshSettings(LOOPBACK, port=port, user=user)
        yield SshHost("node01", settings, lab.share())
        await lab.share().close()
    finally:
        with suppress(ProcessLookupError):  # a test may have killed it
            server.terminate()
        await server.communicate()


async def test_runs_a_command(host: SshHost) -> None:
    text = 'cat; printf "%s" "$1" >&2; exit 3'
    done = await host.run(Command(("sh", "-c", text, "sh", "it's\nhere"), "ünput"))
    assert (done.status, done.stdout, done.stderr) == (3, "ünput", "it's\nhere")


async def test_a_signal_counts_as_in_a_shell(host: SshHost) -> None:
    assert (await host.run(Command(("sh", "-c", "kill -TERM $$")))).status == 143


async def test_endless_output_is_cut_off(host: SshHost) -> None:
    with pytest.raises(HostUnreachable) as caught:
        await host.run(Command(("cat", "/dev/zero")))
    assert caught.value.code == "output-too-large"
    assert (await host.run(Command(("echo", "on")))).stdout == "on\n"


async def test_a_lost_connection_is_not_retried(host: SshHost, lab: Lab) -> None:
    text = 'echo ran >> "$1"; kill -KILL $PPID $(ps -o ppid= $PPID)'
    mark = lab.home / "mark"
    with pytest.raises(HostUnreachable) as caught:
        await host.run(Command(("sh", "-c", text, "sh", str(mark))))
    assert caught.value.code == "connection-lost"
    assert mark.read_text() == "ran\n"


async def test_a_changed_key_is_refused(host: SshHost, lab: Lab) -> None:
    name = lab.known_hosts.read_text().split()[0]
    lab.trust(f"{name} {new_key().export_public_key().decode()}")
    with pytest.raises(HostUnreachable) as caught:
        await host.run(Command(("true",)))
    assert caught.value.code == "host-key-changed"

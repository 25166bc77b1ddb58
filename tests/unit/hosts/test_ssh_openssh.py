"""The same transport against OpenSSH's own server, where one is installed."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import HostUnreachable
from reconciler.hosts.ssh import SshHost, SshSettings
from reconciler.model.plan import Command
from tests.unit.hosts.openssh import needs_sshd, openssh
from tests.unit.hosts.ssh_server import LOOPBACK, Lab, new_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = needs_sshd


@pytest.fixture
async def host(lab: Lab, privileges: None) -> AsyncIterator[SshHost]:
    """A member behind a real sshd, which logs in whoever runs the tests."""
    folder = lab.home / "sshd"
    folder.mkdir()
    lab.key.write_public_key(folder / "authorized_keys")
    async with openssh(lab, folder) as port:
        user = pwd.getpwuid(os.getuid()).pw_name
        yield SshHost("node01", SshSettings(LOOPBACK, port=port, user=user), lab.share())
        await lab.share().close()


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

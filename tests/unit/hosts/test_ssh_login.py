"""Who cannot be reached, and who is not let in."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

import asyncssh
import pytest

from reconciler.hosts.ssh import MAY_HAVE_RUN, SshHost, SshSettings
from reconciler.hosts.ssh.failures import CLOSED, login_failure
from reconciler.hosts.ssh.keys import KnownHosts, Witness
from reconciler.model.refusals import host_remedy
from tests.unit.hosts.ssh_server import LOOPBACK, Lab, Server, refusal, script

if TYPE_CHECKING:
    from pathlib import Path

# With and without a name server on this machine.
NAMELESS = {"name unknown", "the name servers do not answer"}


async def test_nobody_listens(lab: Lab, server: Server) -> None:
    await server.stop()
    error = await refusal(lab.host(server), script("true"))
    assert error.code == "host-unreachable"
    assert error.code not in MAY_HAVE_RUN
    assert error.message == f"root@{LOOPBACK} port {server.port}: connection refused"


async def test_a_name_without_an_address(lab: Lab) -> None:
    lab.trust("# nobody")
    error = await refusal(lab.host(host="no-such-host.invalid"), script("true"))
    assert error.code == "host-unreachable"
    assert error.message.rpartition(": ")[2] in NAMELESS


async def test_a_server_that_says_nothing(lab: Lab) -> None:
    arrived: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: arrived.append(writer), LOOPBACK, 0)
    lab.trust("# nobody")
    lab.ssh_config("ConnectTimeout 1\n")
    port = silent.sockets[0].getsockname()[1]
    async with silent, asyncio.timeout(10):
        error = await refusal(lab.host(host=LOOPBACK, port=port), script("true"))
        for writer in arrived:
            writer.close()
    assert error.code == "host-unreachable"
    assert error.message.endswith("no session within 1 s")


async def test_login_is_refused_without_a_password_prompt(lab: Lab) -> None:
    server = await lab.serve(accept=False)
    lab.trust(server.line())
    error = await refusal(lab.host(server), script("true"))
    assert error.code == "login-refused"
    assert "no password is ever asked for" in host_remedy("node01", error.code)


async def test_only_the_identity_is_offered(lab: Lab, server: Server, tmp_path: Path) -> None:
    missing = SshSettings(LOOPBACK, port=server.port, identity=str(tmp_path / "missing"))
    error = await refusal(SshHost("node01", missing, lab.share()), script("true"))
    assert error.code == "login-refused"
    assert f"{tmp_path / 'missing'} cannot be read" in error.message


async def tool(*words: str) -> None:
    """Run one of OpenSSH's own tools."""
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0


async def lock_key(lab: Lab) -> str:
    """A copy of the lab's key, with a passphrase."""
    file = lab.home / "locked"
    lab.key.write_private_key(file)
    file.chmod(0o600)
    await tool("ssh-keygen", "-q", "-p", "-N", "secret", "-f", str(file))
    lab.key.write_public_key(f"{file}.pub")
    return str(file)


async def test_an_encrypted_identity_needs_the_agent(lab: Lab, server: Server) -> None:
    file = await lock_key(lab)
    error = await refusal(lab.host(server, identity=file), script("true"))
    assert error.code == "login-refused"
    assert error.message.endswith(
        f"; {file} has a passphrase, and the agent does not have that key: ssh-add {file}"
    )
    assert "must be in the agent" in host_remedy("node01", error.code)


async def test_a_public_key_is_told_from_the_private_one(lab: Lab, server: Server) -> None:
    file = await lock_key(lab)
    error = await refusal(lab.host(server, identity=f"{file}.pub"), script("true"))
    assert error.code == "login-refused"
    assert error.message.endswith(f"; {file}.pub is a public key: name the private one, {file}")


async def test_the_agent_has_the_encrypted_identity(
    lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = lab.home / "agent"
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    file = await lock_key(lab)
    pipe = asyncio.subprocess.PIPE
    agent = await asyncio.create_subprocess_exec(
        *("ssh-agent", "-D", "-a", str(socket)), stdout=pipe
    )
    try:
        assert agent.stdout is not None
        await agent.stdout.readline()  # it listens now
        await tool("ssh-add", "-q", str(lab.home / ".ssh" / "id_ed25519"))
        assert (await lab.host(server, identity=file).run(script("true"))).status == 0
        await lab.share().close()
    finally:
        agent.terminate()
        await agent.communicate()


async def test_an_identity_must_be_a_key(lab: Lab, server: Server) -> None:
    file = lab.home / "garbage"
    file.write_text("garbage")
    error = await refusal(lab.host(server, identity=str(file)), script("true"))
    assert error.code == "login-refused"
    assert "the private key cannot be used" in error.message


@pytest.mark.parametrize("text", ["CanonicalizePermittedCNAMEs one", "IdentityFile 'unclosed"])
async def test_an_unusable_ssh_config_is_refused(lab: Lab, server: Server, text: str) -> None:
    lab.ssh_config(f"{text}\n")
    error = await refusal(lab.host(server), script("true"))
    assert error.code == "ssh-config-invalid"


@pytest.mark.parametrize(
    "error",
    [
        asyncssh.ConnectionLost("Connection lost"),
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
    ],
)
def test_a_server_that_hangs_up_is_told_in_one_way(error: Exception) -> None:
    assert login_failure(error, Witness(KnownHosts(), []), []) == ("host-unreachable", CLOSED)

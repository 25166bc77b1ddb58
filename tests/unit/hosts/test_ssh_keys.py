"""Host keys are always checked, and whatever switches that off is refused."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import asyncssh
import pytest

from reconciler.errors import HostUnreachable
from reconciler.hosts.ssh import SshHost, SshSettings, SshShared
from reconciler.hosts.ssh.keys import KnownHosts
from reconciler.model.plan import Command
from reconciler.model.refusals import host_remedy
from tests.unit.hosts.ssh_server import LOOPBACK, Lab, Server, new_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TRUE = Command(("true",))


@pytest.fixture
async def server(lab: Lab) -> Server:
    return await lab.serve()


async def refusal(host: SshHost) -> HostUnreachable:
    with pytest.raises(HostUnreachable) as caught:
        await host.run(TRUE)
    return caught.value


def untouched(server: Server) -> bool:
    """Whether neither a credential nor a command has reached the server."""
    return not server.users and not server.commands


def fingerprint(key: asyncssh.SSHKey) -> str:
    return f"ssh-ed25519 {key.get_fingerprint()}"


async def test_a_known_key_is_accepted(lab: Lab, server: Server) -> None:
    lab.trust(
        "# a comment", "", server.line(new_key()).replace(LOOPBACK, "other"), server.line()
    )
    assert (await lab.host(server).run(TRUE)).status == 0


async def test_a_hashed_name_is_understood(lab: Lab, server: Server) -> None:
    # ssh-keygen -H of "[127.0.0.1]:22022" would do; the salt and the digest are made here.
    import base64  # noqa: PLC0415  # only this test needs the three
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    salt = b"0123456789abcdefghij"
    digest = hmac.new(salt, server.name.encode(), hashlib.sha1).digest()
    name = "|1|" + "|".join(base64.b64encode(part).decode() for part in (salt, digest))
    lab.trust(server.line().replace(server.name, name))
    assert (await lab.host(server).run(TRUE)).status == 0


async def test_a_key_without_a_port_counts_for_any_port(lab: Lab, server: Server) -> None:
    lab.trust(server.line().replace(server.name, LOOPBACK))
    assert (await lab.host(server).run(TRUE)).status == 0


async def test_an_unknown_key_is_refused(lab: Lab, server: Server) -> None:
    lab.trust(server.line().replace(LOOPBACK, "elsewhere"))
    error = await refusal(lab.host(server))
    assert error.code == "host-key-unknown"
    assert fingerprint(server.host_key) in error.message
    assert str(lab.known_hosts) in error.message
    assert untouched(server)
    assert "elsewhere" in lab.known_hosts.read_text()
    assert LOOPBACK not in lab.known_hosts.read_text()


async def test_another_name_s_key_does_not_count_by_its_address(
    lab: Lab, server: Server
) -> None:
    lab.trust(server.line())
    error = await refusal(lab.host(host="localhost", port=server.port))
    assert error.code == "host-key-unknown"


async def test_a_changed_key_is_refused(lab: Lab, server: Server) -> None:
    expected = new_key()
    lab.trust(server.line(expected))
    error = await refusal(lab.host(server))
    assert error.code == "host-key-changed"
    assert fingerprint(expected) in error.message
    assert fingerprint(server.host_key) in error.message
    assert untouched(server)


async def test_a_key_of_another_type_is_a_changed_key(lab: Lab, server: Server) -> None:
    lab.trust(server.line(asyncssh.generate_private_key("ecdsa-sha2-nistp256")))
    error = await refusal(lab.host(server))
    assert error.code == "host-key-changed"
    assert "no key of a known type" in error.message
    assert untouched(server)


@pytest.mark.parametrize("where", ["[{0}]:{1}", "{0}", "*"])
async def test_a_revoked_key_is_refused(lab: Lab, server: Server, where: str) -> None:
    place = where.format(LOOPBACK, server.port)
    lab.trust(server.line(), f"@revoked {server.line().replace(server.name, place)}")
    error = await refusal(lab.host(server))
    assert error.code == "host-key-revoked"
    assert untouched(server)


async def test_an_authority_s_certificate_is_accepted(lab: Lab) -> None:
    authority, key = new_key(), new_key()
    certificate = authority.generate_host_certificate(key, "node01", principals=[LOOPBACK])
    server = await lab.serve(key=(key, certificate))
    public = authority.export_public_key().decode()
    lab.trust(f"@cert-authority {server.name} {public}")
    assert (await lab.host(server).run(TRUE)).status == 0


async def test_an_unknown_authority_s_certificate_is_refused(lab: Lab) -> None:
    authority, key = new_key(), new_key()
    certificate = authority.generate_host_certificate(key, "node01", principals=[LOOPBACK])
    server = await lab.serve(key=(key, certificate))
    lab.trust(f"@cert-authority {server.name} {new_key().export_public_key().decode()}")
    error = await refusal(lab.host(server))
    assert error.code == "host-key-unknown"
    assert fingerprint(authority) in error.message
    assert untouched(server)


async def test_without_known_hosts_nothing_is_trusted(lab: Lab, server: Server) -> None:
    error = await refusal(lab.host(server))
    assert error.code == "host-key-unknown"
    assert "does not exist" in error.message
    assert not server.connections


async def test_unreadable_known_hosts_trust_nothing(lab: Lab, server: Server) -> None:
    lab.trust(server.line(), "garbage")
    error = await refusal(lab.host(server))
    assert error.code == "host-key-unknown"
    assert "cannot be read" in error.message
    assert not server.connections


async def test_the_setting_s_file_alone_counts(lab: Lab, server: Server) -> None:
    lab.trust(server.line())
    other = lab.home / "other"
    other.write_text(server.line(new_key()))
    assert (await refusal(lab.host(server, known_hosts=str(other)))).code == "host-key-changed"


async def test_the_ssh_config_s_files_count(lab: Lab, server: Server) -> None:
    lab.trust(server.line(new_key()))
    (lab.home / f"kh.{LOOPBACK}").write_text(server.line())
    lab.ssh_config(f"UserKnownHostsFile /dev/null ~/kh.%h\nHost {LOOPBACK}\n")
    assert (await lab.host(server).run(TRUE)).status == 0


@pytest.mark.parametrize(
    "text",
    [
        "StrictHostKeyChecking no",
        "StrictHostKeyChecking=off",
        "stricthostkeychecking accept-new",
        "StrictHostKeyChecking false",
        "UserKnownHostsFile none",
        "UserKnownHostsFile /dev/null",
        "UserKnownHostsFile /dev/null none",
        f"Host other\nStrictHostKeyChecking yes\nHost {LOOPBACK}\n  StrictHostKeyChecking no",
        f"Match host {LOOPBACK} exec true\n  UserKnownHostsFile none",
        "Match final all\n  StrictHostKeyChecking no",
        "Include included",
    ],
)
async def test_checks_cannot_be_switched_off(lab: Lab, server: Server, text: str) -> None:
    lab.trust(server.line())
    (lab.home / ".ssh" / "included").write_text("StrictHostKeyChecking no\n")
    lab.ssh_config(text + "\n")
    for settings in ({}, {"known_hosts": str(lab.known_hosts)}):
        error = await refusal(lab.host(server, **settings))
        assert error.code == "host-key-checking-off"
        assert "remove that setting" in host_remedy("node01", error.code)
    assert not server.connections


@pytest.mark.parametrize("nowhere", ["none", "/dev/null"])
async def test_nor_by_the_file_s_own_setting(lab: Lab, server: Server, nowhere: str) -> None:
    error = await refusal(lab.host(server, known_hosts=nowhere))
    assert error.code == "host-key-checking-off"


@pytest.mark.parametrize(
    "text",
    [
        "Host other\n  StrictHostKeyChecking no\n  UserKnownHostsFile none",
        "StrictHostKeyChecking ask",
        "StrictHostKeyChecking yes\nStrictHostKeyChecking no",
    ],
)
async def test_what_is_not_in_effect_is_no_matter(lab: Lab, server: Server, text: str) -> None:
    lab.trust(server.line())
    lab.ssh_config(text + "\n")
    assert (await lab.host(server).run(TRUE)).status == 0


async def test_a_broken_ssh_config_is_refused(lab: Lab, server: Server) -> None:
    lab.trust(server.line())
    lab.ssh_config("Port many\n")
    error = await refusal(lab.host(server))
    assert error.code == "ssh-config-invalid"
    assert "line 1" in error.message


async def test_the_ssh_config_names_user_host_port_and_key(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await lab.serve()
    (lab.home / ".ssh" / "id_ed25519").rename(lab.home / "key")
    lab.ssh_config("Host *\n  User nobody\n  Port 1\n")
    named = lab.home / "named"
    named.write_text(
        f"Host node0?\n  HostName {LOOPBACK}\n  Port {server.port}\n  User op\n"
        "  HostKeyAlias alias\n  IdentityFile ~/missing\n  IdentityFile ~/key\n"
    )
    monkeypatch.setenv("RECONCILE_SSH_CONFIG", str(named))
    lab.trust(server.line().replace(LOOPBACK, "alias"))
    assert (await lab.host(host="node01").run(TRUE)).status == 0
    assert server.users == ["op"]


async def test_root_logs_in_where_nobody_is_named(lab: Lab, server: Server) -> None:
    lab.trust(server.line())
    await lab.host(server).run(TRUE)
    assert server.users == ["root"]


async def test_known_hosts_are_parsed_once_for_all_hosts(lab: Lab) -> None:
    servers = [await lab.serve() for _ in range(3)]
    lab.trust(*(server.line() for server in servers))
    shared = SshShared()
    settings = [SshSettings(LOOPBACK, port=server.port) for server in servers]
    hosts = [SshHost(f"node0{n}", each, shared) for n, each in enumerate(settings)]
    try:
        await hosts[0].run(TRUE)
        lab.known_hosts.write_text("not read again")
        async with asyncio.TaskGroup() as group:
            runs = [group.create_task(host.run(TRUE)) for host in hosts]
        assert [run.result().status for run in runs] == [0, 0, 0]
    finally:
        await shared.close()


async def test_known_hosts_and_the_identity_are_read_once_for_all_hosts(lab: Lab) -> None:
    servers = [await lab.serve(), await lab.serve()]
    lab.trust(*(server.line() for server in servers))
    identity = lab.home / "identity"
    lab.key.write_private_key(identity)
    first, second = (lab.host(server, identity=str(identity)) for server in servers)
    assert (await first.run(TRUE)).status == 0
    identity.unlink()
    (lab.home / ".ssh" / "known_hosts").unlink()
    assert (await second.run(TRUE)).status == 0


class Counted(KnownHosts):
    """Notes the threads in which it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []

    def load(self, name: str, files: Sequence[Path]) -> None:
        self.threads.append(threading.get_ident())
        super().load(name, files)


@pytest.mark.parametrize(("lines", "where"), [(10, "here"), (2000, "aside")])
async def test_many_keys_are_read_beside_the_loop_once(
    tmp_path: Path, lines: int, where: str
) -> None:
    key = new_key().export_public_key().decode().strip()
    file = tmp_path / "known_hosts"
    file.write_text("".join(f"node{number} {key}\n" for number in range(lines)))
    known = Counted()
    await asyncio.gather(*(known.load_aside("node1", [file]) for _ in range(3)))
    first, *others = [thread != threading.get_ident() for thread in known.threads]
    assert (first, set(others)) == (where == "aside", {False})
    assert len(known.match([file], "node7", None).trusted) == 1

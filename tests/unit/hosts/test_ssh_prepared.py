"""What is prepared once for all connections, and what each has for itself."""

from __future__ import annotations

import logging
from pathlib import Path

import asyncssh
import pytest

from reconciler.hosts.ssh.config import local_user
from reconciler.hosts.ssh.keys import KnownHosts, Witness
from reconciler.hosts.ssh.prepared import ConnectionOptions
from reconciler.hosts.ssh.route import find_route
from reconciler.hosts.ssh.settings import SshSettings

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"


@pytest.fixture
def identity(tmp_path: Path) -> str:
    path = tmp_path / "identity"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(path)
    return str(path)


def options_of(
    shared: ConnectionOptions, config: Path | None, settings: SshSettings
) -> asyncssh.SSHClientConnectionOptions:
    (hop,) = find_route("node", config, settings)
    return shared.of(hop, Witness(KnownHosts(), ()))


def prepared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts for which asyncssh prepares options, from now on."""
    seen: list[str] = []
    whole = asyncssh.SSHClientConnectionOptions.prepare

    def prepare(self: object, **given: object) -> None:
        seen.append(str(given["host"]))
        whole(self, **given)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(asyncssh.SSHClientConnectionOptions, "prepare", prepare)
    return seen


def test_options_are_prepared_once_for_hosts_that_are_reached_alike(
    monkeypatch: pytest.MonkeyPatch, identity: str
) -> None:
    seen, shared = prepared(monkeypatch), ConnectionOptions()
    settings = [SshSettings(f"192.0.2.{n}", "root", port=n, identity=identity) for n in (7, 8)]
    found = [options_of(shared, None, one) for one in settings]
    assert seen == ["192.0.2.7"]
    assert [(one.host, one.port, one.username) for one in found] == [
        ("192.0.2.7", 7, "root"),
        ("192.0.2.8", 8, "root"),
    ]
    assert found[0].known_hosts != found[1].known_hosts


@pytest.mark.parametrize(
    "other",
    [{"user": "op"}, {"identity": "other"}, {"host": "192.0.2.9"}],
    ids=lambda other: next(iter(other)),
)
def test_what_differs_is_prepared_for_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, identity: str, other: dict[str, str]
) -> None:
    seen, shared = prepared(monkeypatch), ConnectionOptions()
    config = tmp_path / "config"
    config.write_text("Host 192.0.2.9\n  Ciphers aes256-ctr\n")
    Path(identity).with_name("other").write_bytes(Path(identity).read_bytes())
    given = {"host": "192.0.2.7", "user": "root", "identity": identity}
    if "identity" in other:
        other = {"identity": str(Path(identity).with_name("other"))}
    first = options_of(shared, config, SshSettings(**given))
    second = options_of(shared, config, SshSettings(**{**given, **other}))
    assert len(seen) == 2
    assert first.username == "root"
    assert second.username == other.get("user", "root")
    ciphers = second.encryption_algs
    assert (list(ciphers) == [b"aes256-ctr"]) == ("host" in other)


def test_hostname_and_port_of_ssh_config_are_each_host_s_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, identity: str
) -> None:
    seen, shared = prepared(monkeypatch), ConnectionOptions()
    config = tmp_path / "config"
    config.write_text(
        "Host a\n  Hostname 192.0.2.1\n  Port 2201\nHost b\n  Hostname 192.0.2.2\n"
    )
    found = [
        options_of(shared, config, SshSettings(host, "root", identity=identity))
        for host in ("a", "b")
    ]
    assert len(seen) == 1
    assert [(one.orig_host, one.host, one.port) for one in found] == [
        ("a", "192.0.2.1", 2201),
        ("b", "192.0.2.2", 22),
    ]


def test_the_password_file_is_asked_once_for_who_runs_this(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("getpass.getuser", lambda: asked.append("") or "who")
    monkeypatch.setenv("LOGNAME", "somebody who is asked for here only")
    assert [local_user(), local_user()] == ["who", "who"]
    assert len(asked) == 1
    monkeypatch.setenv("LOGNAME", "somebody else who is asked for here only")
    assert local_user() == "who"
    assert len(asked) == 2


def test_a_certificate_of_x509_is_refused_as_asyncssh_refuses_a_key(tmp_path: Path) -> None:
    path = tmp_path / "certificate"
    path.write_text(CERTIFICATE)
    with pytest.raises(asyncssh.KeyImportError, match=r"X\.509 certificates are not supported"):
        asyncssh.read_certificate(path)


def test_what_asyncssh_is_asked_to_log_it_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "asyncssh")
    asyncssh.logging.logger.info("said of %s", b"it")
    asyncssh.logging.logger.debug1("not said")
    assert caplog.messages == ["said of it"]


def test_a_command_that_goes_to_many_hosts_is_kept_once() -> None:
    line = "x" * 40_000
    assert asyncssh.channel.String(line) is asyncssh.channel.String(line)
    assert (
        asyncssh.channel.String(bytearray(b"own"))
        == asyncssh.channel.String("own")
        == b"\0\0\0\x03own"
    )

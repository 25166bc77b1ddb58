"""A real SSH server on loopback, and a home directory to reach it from, for tests."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh
import pytest

from reconciler.errors import HostUnreachable
from reconciler.hosts.ssh import SshHost, SshSettings, SshShared
from reconciler.model.plan import Command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOPBACK = "127.0.0.1"
Process = asyncssh.SSHServerProcess[bytes]
Handler = Callable[[Process], Awaitable[None]]


@dataclass
class Server:
    """What one server knows, was asked and did; ``replies`` are by exact command line.

    ``session`` is what a server without a shell (``no_shell``) says to a new session.
    """

    host_key: asyncssh.SSHKey
    bin: Path
    replies: dict[str, Handler] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    tunnels: list[tuple[str, int]] = field(default_factory=list)
    environments: list[dict[str, str]] = field(default_factory=list)
    ciphers: list[str] = field(default_factory=list)
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    session: Any = False
    port: int = 0
    acceptor: asyncssh.SSHAcceptor | None = None
    children: list[asyncio.subprocess.Process] = field(default_factory=list)
    answers: list[asyncio.Task[Any] | None] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As known_hosts names it."""
        return f"[{LOOPBACK}]:{self.port}"

    def line(self, key: asyncssh.SSHKey | None = None) -> str:
        """Its line in known_hosts, or one that claims ``key`` for it."""
        return f"{self.name} {(key or self.host_key).export_public_key().decode()}"

    async def answer(self, process: Process) -> None:
        """Reply as the test says, else run the command with a shell."""
        self.answers.append(asyncio.current_task())
        line = process.command or ""
        self.commands.append(line)
        self.environments.append(dict(process.env))
        self.ciphers.append(process.get_extra_info("recv_cipher"))
        if line in self.replies:
            await self.replies[line](process)
            return
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            *("sh", "-c", line),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env={"PATH": self.path},
            start_new_session=True,
        )
        self.children.append(child)
        feeding = asyncio.create_task(feed(process, child))
        await asyncio.gather(
            drain(child, child.stdout, process.stdout),
            drain(child, child.stderr, process.stderr),
        )
        status = await child.wait()
        feeding.cancel()
        child._transport.close()  # type: ignore[attr-defined]  # else it warns when collected
        with suppress(OSError):  # the client may have left
            process.exit(status)

    @property
    def path(self) -> str:
        """Where commands are found: the test's own first."""
        return f"{self.bin}:/usr/bin:/bin"

    def program(self, name: str, text: str) -> None:
        """Put a shell script into the server's PATH."""
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def no_shell(self, session: Any) -> None:
        """From the next connection on, run nothing."""
        assert self.acceptor is not None
        self.session = session
        self.acceptor.update(process_factory=None)

    async def stop(self) -> None:
        """End everything; the next connection is refused."""
        for child in self.children:
            kill(child)
        if self.acceptor is not None:
            self.acceptor.close()
            for connection in self.connections:
                connection.abort()
                await connection.wait_closed()
            await self.acceptor.wait_closed()
        await asyncio.gather(*filter(None, self.answers), return_exceptions=True)


def kill(child: asyncio.subprocess.Process) -> None:
    """End a command and whatever it started."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


async def feed(process: Process, child: asyncio.subprocess.Process) -> None:
    """The client's input for the command, then its end."""
    assert child.stdin is not None
    with suppress(OSError, asyncssh.Error):
        while data := await process.stdin.read(1 << 16):
            child.stdin.write(data)
            await child.stdin.drain()
    child.stdin.close()


async def drain(child: asyncio.subprocess.Process, source: Any, target: Any) -> None:
    """The command's output for the client; a client that left ends the command."""
    while data := await source.read(1 << 16):
        try:
            target.write(data)
            await target.drain()
        except (OSError, asyncssh.Error):
            kill(child)


class Visitor(asyncssh.SSHServer):
    """One connection's view of its ``Server``."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.server.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        self.server.users.append(username)
        return True

    def session_requested(self) -> Any:
        return self.server.session

    def connection_requested(self, dest_host: str, dest_port: int, *origin: Any) -> bool:
        self.server.tunnels.append((dest_host, dest_port))
        return True


@dataclass
class Lab:
    """A home directory, its private key, and servers that accept that key."""

    home: Path
    key: asyncssh.SSHKey
    shared: SshShared | None = None
    servers: list[Server] = field(default_factory=list)

    @property
    def known_hosts(self) -> Path:
        """The user's own."""
        return self.home / ".ssh" / "known_hosts"

    def trust(self, *lines: str) -> None:
        """Make these lines the user's known_hosts."""
        self.known_hosts.write_text("\n".join(lines) + "\n")

    def ssh_config(self, text: str) -> None:
        """Make this the user's ssh_config."""
        (self.home / ".ssh" / "config").write_text(text)

    async def serve(self, *, accept: bool = True, **options: Any) -> Server:
        """Start a server, with a host key of its own; trusted by nobody yet."""
        folder = self.home / f"server{len(self.servers)}"
        folder.mkdir()
        server = Server(options.pop("key", None) or new_key(), folder)
        public = self.key if accept else new_key()
        server.acceptor = await asyncssh.listen(
            LOOPBACK,
            options.pop("port", 0),
            server_factory=lambda: Visitor(server),
            process_factory=server.answer,
            server_host_keys=[server.host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(
                public.export_public_key().decode()
            ),
            encoding=None,
            **options,
        )
        server.port = server.acceptor.get_port()
        self.servers.append(server)
        return server

    def host(self, server: Server | None = None, **settings: Any) -> SshHost:
        """The member ``node01`` behind ``server``, or wherever ``settings`` say."""
        where = {} if server is None else {"host": LOOPBACK, "port": server.port}
        return SshHost("node01", SshSettings(**where | settings), self.share())

    def share(self) -> SshShared:
        """What the hosts of this test share, made when ssh_config is in place."""
        self.shared = self.shared or SshShared()
        return self.shared


def new_key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@asynccontextmanager
async def ssh_lab(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    """A lab whose home is ``folder``: nothing of the real user's is read."""
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.delenv("RECONCILE_SSH_CONFIG", raising=False)
    (folder / ".ssh").mkdir()
    lab = Lab(folder, new_key())
    lab.key.write_private_key(folder / ".ssh" / "id_ed25519")
    (folder / ".ssh" / "id_ed25519").chmod(0o600)
    lab.key.write_public_key(folder / ".ssh" / "id_ed25519.pub")
    try:
        yield lab
    finally:
        if lab.shared is not None:
            await lab.shared.close()
        for server in lab.servers:
            await server.stop()


def script(text: str, *words: str, stdin: str = "", timeout: float = 20.0) -> Command:
    return Command(("sh", "-c", text, "sh", *words), stdin, timeout)


async def refusal(host: SshHost, command: Command) -> HostUnreachable:
    with pytest.raises(HostUnreachable) as caught:
        await host.run(command)
    return caught.value

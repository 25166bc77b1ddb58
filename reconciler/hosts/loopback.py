"""Simulated hosts behind a real SSH server on 127.0.0.1, each on a port of its own.

Importing this module imports asyncssh (0.2 s): do it where hosts are about to be served.
"""

from __future__ import annotations

import asyncio
import math
import re
import shlex
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncssh

from reconciler.errors import HostUnreachable
from reconciler.hosts.proof import join_answers, split_steps
from reconciler.hosts.simulator.host import connect
from reconciler.hosts.simulator.probe.fixed_probe import PROGRAM
from reconciler.hosts.simulator.state.errors import UnknownCommand
from reconciler.model.plan import Command, Completed
from reconciler.storage.private import write_private

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.hosts.simulator.state.world import World

ADDRESS = "127.0.0.1"
KEY_TYPE = "ssh-ed25519"
SUDO = ["sudo", "-n", "--"]
WAITING = 128  # connections that may wait for being accepted
NOT_ROOT = Completed(1, "", "this command is for root\n")
NO_SHELL = Completed(1, "", "this host has no shell\n")
SUDO_REFUSED = Completed(1, "", "sudo: a password is required\n")
UNKNOWN = 127
HOST = "Host {0}\n    HostName {1}\n    Port {2}\n"
# A word's parts as `shlex.join` writes them, and what is between words.
PIECE = re.compile(r"""'([^']*)'|"([^"\\]*)"|([^ \t\r\n'"\\]+)|[ \t\r\n]+""")

Follow: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Served:
    """Where the hosts listen, and the files that a client needs: ``ssh_config`` has it all."""

    host: str
    ports: Mapping[str, int]
    identity: Path
    known_hosts: Path
    ssh_config: Path


@asynccontextmanager
async def serve_hosts(
    world: World, directory: Path, follow: Follow | None = None
) -> AsyncIterator[Served]:
    """Serves every host of ``world`` until the end of the block; keys go to ``directory``.

    Requests are the product's command lines, of root or through ``sudo -n --``. A host that
    is off or unreachable closes every connection; what else goes wrong looks as it does
    with real ones. Whoever logs in with one user name is one controller. ``follow`` lets the
    world's time pass, before each command; without it the world's clock goes on with the real
    one, beside what commands let pass.
    """
    client = asyncssh.generate_private_key(KEY_TYPE)
    stranger = asyncssh.generate_private_key(KEY_TYPE)
    follow = follow or real_time(world)
    doors = [
        SshServer(world, machine, client, stranger, follow)
        for machine in world.machines.values()
    ]
    try:
        yield _write_files(directory, client, doors)
    finally:
        for door in doors:
            await door.close()


def real_time(world: World) -> Follow:
    """What lets the time pass for ``world`` that has really passed since it was called last.

    Nobody sees a simulated host but through its commands: time need not pass between them.
    """
    moment = asyncio.get_running_loop().time
    last = moment()

    def follow() -> None:
        nonlocal last
        before, last = last, moment()
        world.advance(last - before)

    return follow


def real_pace(world: World) -> Follow:
    """As `real_time`, but commands take the time that they need, so that both clocks stay together.

    That begins with its first call: what is done before takes no real time.
    """
    moment = asyncio.get_running_loop().time
    ahead: float | None = None

    def follow() -> None:
        nonlocal ahead
        if ahead is None:
            world.pace, ahead = asyncio.sleep, world.now - moment()
        world.reach(moment() + ahead)

    return follow


def _write_files(directory: Path, client: asyncssh.SSHKey, doors: list[SshServer]) -> Served:
    identity, known_hosts = directory / "id_ed25519", directory / "known_hosts"
    keys = "".join(f"[{ADDRESS}]:{door.port} {_public(door.key)}\n" for door in doors)
    write_private(str(identity), client.export_private_key().decode())
    write_private(str(known_hosts), keys)
    ports = {door.machine.name: door.port for door in doors}
    config = directory / "ssh_config"
    files = f"IdentityFile {_quoted(identity)}\nUserKnownHostsFile {_quoted(known_hosts)}\n"
    hosts = "".join(HOST.format(name, ADDRESS, port) for name, port in ports.items())
    write_private(str(config), f"{hosts}Host *\n{files}IdentitiesOnly yes\nUser root\n")
    return Served(ADDRESS, ports, identity, known_hosts, config)


def _quoted(path: Path) -> str:
    """As ssh_config takes a path with blanks in it."""
    return f'"{path}"'


def _public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


class SshServer:
    """The SSH server of one host."""

    def __init__(
        self,
        world: World,
        machine: Machine,
        client: asyncssh.SSHKey,
        stranger: asyncssh.SSHKey,
        follow: Follow,
    ) -> None:
        self.world = world
        self.machine = machine
        self.key = asyncssh.generate_private_key(KEY_TYPE)
        self._stranger = stranger
        self._follow = follow
        self._clients = asyncssh.import_authorized_keys(_public(client))
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._socket = socket.create_server((ADDRESS, 0), backlog=WAITING)
        self._socket.setblocking(False)  # noqa: FBT003  # the standard library's own
        self.port: int = self._socket.getsockname()[1]
        self._start(self._accept())

    async def close(self) -> None:
        """Ends the listener, every connection and every command."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._socket.close()
        for connection in tuple(self._connections):
            connection.abort()
            await connection.wait_closed()

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            visitor, _ = await loop.sock_accept(self._socket)
            if self._unreachable:
                visitor.close()
            else:
                self._start(self._welcome(visitor))

    @property
    def _unreachable(self) -> bool:
        return not self.machine.running.on or self.machine.refusal == "host-unreachable"

    async def _welcome(self, visitor: socket.socket) -> None:
        changed = self.machine.refusal == "host-key-changed"
        with suppress(asyncssh.Error, OSError):
            connection = await asyncssh.run_server(
                visitor,
                config=None,
                server_host_keys=[self._stranger if changed else self.key],
                authorized_client_keys=self._clients,
                process_factory=self._process,
                encoding="utf-8",
            )
            self._connections.add(connection)
            await connection.wait_closed()
            self._connections.discard(connection)

    async def _process(self, process: asyncssh.SSHServerProcess[str]) -> None:
        """One exec request; the command goes on when its connection ends, as a real one."""
        text = await process.stdin.read()
        user = process.get_extra_info("username")
        work = self._start(self._answer(user, process.command, text))
        try:
            answer = await asyncio.shield(work)
        except HostUnreachable:
            process.channel.get_connection().abort()
            return
        process.stdout.write(answer.stdout)
        process.stderr.write(answer.stderr)
        process.exit(answer.status)

    async def _answer(self, user: str, line: str | None, stdin: str) -> Completed:
        if not line:
            return NO_SHELL
        try:
            return await self._run(user, words(line), stdin)
        except (UnknownCommand, ValueError) as error:
            self.world.disaster("unknown-command", self.machine.name, str(error))
            return Completed(UNKNOWN, "", f"unknown command: {error}\n")

    async def _run(self, user: str, argv: list[str], stdin: str) -> Completed:
        self._follow()
        by_sudo = argv[:3] == SUDO
        allowed = user not in self.machine.lookers or argv[3:] == [PROGRAM]
        if by_sudo and (self.machine.refusal == "sudo-refused" or not allowed):
            return SUDO_REFUSED
        if user != "root" and not by_sudo:
            return NOT_ROOT
        bare = tuple(argv[3:] if by_sudo else argv)
        host = connect(self.world, self.machine.name, user)
        joined = split_steps(bare, stdin)
        if joined is None:
            return await host.run(Command(bare, stdin, math.inf))
        return join_answers(await host.run(_untimed(joined.command)), joined.mark)


def _untimed(command: Command) -> Command:
    then = tuple(map(_untimed, command.then))
    return replace(command, timeout=math.inf, then=then)


def words(line: str) -> list[str]:
    """As `shlex.split`, which takes 40 ms for a line that carries the gate: a look at each letter.

    Raises ValueError for a quotation that does not end.
    """
    found: list[list[str]] = [[]]
    end = 0
    for piece in PIECE.finditer(line):
        if piece.start() != end:
            break
        end = piece.end()
        if piece.lastindex:
            found[-1].append(piece[piece.lastindex])
        elif found[-1]:
            found.append([])
    if end != len(line):
        return shlex.split(line)
    return ["".join(parts) for parts in found if parts]

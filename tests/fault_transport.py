"""What is between a run and its hosts: a record of all commands, and kill -9 at any.

What a host has begun it finishes alone when the controller dies, as a real one does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.errors import HostUnreachable
from reconciler.hosts.simulator import SimulatedHost
from reconciler.hosts.simulator.commands import changes, name_here
from reconciler.model.plan import Command, Completed
from tests.invariant_monitor import Look, Witness

Phase = Literal["before", "during", "after"]


def every(_name: str) -> bool:
    """Any command."""
    return True


def beyond_reading(name: str) -> bool:
    """A command that may change a host or its lease."""
    return name != "probe"


@dataclass(frozen=True, slots=True)
class Kill:
    """kill -9 of the controller at its ``at``-th command of those that ``counts``.

    ``before`` it is sent; ``during``: the host has begun it; ``after``: it has ended, and
    the controller did not hear of it.
    """

    at: int
    phase: Phase = "before"
    counts: Callable[[str], bool] = beyond_reading


@dataclass(slots=True)
class Trick:
    """What the network does to the ``at``-th command of those that ``counts``.

    ``late``: it arrives so many seconds later, and the controller has given it up by then.
    ``twice``: it arrives again so many seconds later. ``lost``: it never arrives. ``stunned``:
    the controller's machine stands still so long, with the command on its way out.
    """

    kind: Literal["late", "twice", "lost", "stunned"]
    at: int
    seconds: float = 0.0
    counts: Callable[[str], bool] = beyond_reading

    def due(self, name: str) -> bool:
        """Counts a command; True when this is the one."""
        if not self.counts(name):
            return False
        self.at -= 1
        return self.at == 0


@dataclass(slots=True)
class Line:
    """All that one run says to its hosts; ``log`` has the host and name of every command.

    ``stop`` is the operator's first Ctrl-C, ``detach`` the second. Until ``asleep`` the
    controller's machine stands still, as a paused virtual machine does.
    """

    kill: Kill | None = None
    trick: Trick | None = None
    run: str = ""
    dead: bool = False
    main: asyncio.Task[Any] | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    log: list[tuple[str, str]] = field(default_factory=list)
    counted: int = 0
    asleep: float = 0.0
    frozen: asyncio.Lock = field(default_factory=asyncio.Lock)
    running: set[asyncio.Task[Completed]] = field(default_factory=set)

    async def carry(self, host: SimulatedHost, command: Command) -> Completed:
        """Sends a command, unless the controller is dead or dies of it."""
        await self._awake()
        due = self._note(host, command)
        if self.dead or due == "before":
            self._die()
        if (trick := self.trick) and self._tricked(trick, host, command):
            await self._played(trick, host, command)
        sent = host.machine.world.now
        task = self._sent(host, command)
        if due == "during":
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self._die()
        completed = await asyncio.shield(task)
        boot = host.machine.running.boot_id
        await self._awake()
        if self.dead or due == "after":
            self._die()
        self._note_look(host, command, completed, (sent, boot))
        return completed

    def _note_look(
        self, host: SimulatedHost, command: Command, ended: Completed, sent: tuple[float, str]
    ) -> None:
        """A look may travel with commands; then what is not their own time is the look's."""
        world, (began, boot) = host.machine.world, sent
        if not isinstance(world, Witness):
            return
        if ended.look:
            began += ended.seconds + sum(one.seconds for one in ended.then)
        elif name_here(host.machine, command.argv) != "probe":
            return
        world.looked(self.run, host.name, Look(boot, began, world.now - began))

    def _tricked(self, trick: Trick, host: SimulatedHost, command: Command) -> bool:
        steps = (command, *command.then)
        return sum(trick.due(name_here(host.machine, one.argv)) for one in steps) > 0

    async def _played(self, trick: Trick, host: SimulatedHost, command: Command) -> None:
        if trick.kind in ("late", "twice"):
            self._sent(host, command, trick.seconds)
        if trick.kind in ("late", "lost"):
            raise HostUnreachable(host.name, "connection-lost", "the connection was lost")
        if trick.kind == "stunned":
            self.freeze(trick.seconds)
            await self._awake()

    def _sent(
        self, host: SimulatedHost, command: Command, later: float = 0.0
    ) -> asyncio.Task[Completed]:
        """The command on its way; what arrives, the host does, whoever waits for it."""

        async def arrive() -> Completed:
            if later:
                await asyncio.sleep(later)
            return await host.run(command)

        task = asyncio.ensure_future(arrive())
        self.running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def settle(self) -> None:
        """Waits for what hosts still do for a run that is dead."""
        while self.running:
            await asyncio.wait(self.running)

    def freeze(self, seconds: float) -> None:
        """The controller's machine stands still from now on."""
        self.asleep = asyncio.get_running_loop().time() + seconds

    def detach(self) -> None:
        """Ctrl-C for the second time."""
        self.stop.set()
        if self.main is not None:
            self.main.cancel()

    async def _awake(self) -> None:
        rest = self.asleep - asyncio.get_running_loop().time()
        if rest > 0:
            await asyncio.sleep(rest)

    def _note(self, host: SimulatedHost, command: Command) -> Phase | None:
        if self.dead:
            return None
        found = [self._noted(host, one) for one in (command, *command.then)]
        return next((phase for phase in found if phase), None)

    def _noted(self, host: SimulatedHost, command: Command) -> Phase | None:
        name, world = name_here(host.machine, command.argv), host.machine.world
        self.log.append((host.name, name))
        if changes(name) and isinstance(world, Witness):
            world.asked(host.name, name)
        if self.kill is None or not self.kill.counts(name):
            return None
        self.counted += 1
        return self.kill.phase if self.counted == self.kill.at else None

    def _die(self) -> None:
        self.dead = True
        if self.main is not None:
            self.main.cancel()
        raise asyncio.CancelledError

    def _ended(self, task: asyncio.Task[Completed]) -> None:
        self.running.discard(task)
        if not task.cancelled():
            task.exception()  # of a dead run nobody else asks for it


@dataclass(frozen=True, slots=True)
class Wire:
    """One run's connection to a host."""

    host: SimulatedHost
    line: Line

    @property
    def name(self) -> str:
        return self.host.name

    async def run(self, command: Command) -> Completed:
        return await self.line.carry(self.host, command)

    async def close(self) -> None:
        await self.host.close()

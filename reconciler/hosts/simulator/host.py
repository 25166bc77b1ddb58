"""A connection to a simulated host: the Host Protocol, with its faults."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import HostUnreachable
from reconciler.hosts.simulator import commands
from reconciler.hosts.simulator.gate import lease
from reconciler.hosts.simulator.kernel import mounting, power
from reconciler.hosts.simulator.state import lease_file
from reconciler.hosts.simulator.state.errors import ImpossibleWorld
from reconciler.hosts.simulator.state.faults import Fault
from reconciler.hosts.simulator.state.reply import Reply, Waits
from reconciler.model.gate_call import gate_call
from reconciler.model.plan import Command, Completed

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine, Mount
    from reconciler.hosts.simulator.state.world import World

REFUSALS = {
    "host-unreachable": "no route to host",
    "sudo-refused": "sudo: a password is required",
    "host-key-changed": "host key is not the known one",
}


class SimulatedHost:
    """One session of one controller with one host."""

    def __init__(self, machine: Machine, controller: str) -> None:
        self.machine = machine
        self.controller = controller

    @property
    def name(self) -> str:
        """The member's name."""
        return self.machine.name

    async def run(self, command: Command) -> Completed:
        """Runs one of the known commands, those that follow, then the look; UnknownCommand for others.

        Raises HostUnreachable when the host is off, refuses, crashes, loses the connection
        (``connection-lost``) or needs longer than the command's timeout. The effect then
        may or may not have happened, as in reality.
        """
        ends = [await self._run_alone(command)]
        for one in command.then:
            if ends[-1].status == 0:
                ends.append(await self._run_alone(one))
        ended = replace(ends[0], then=tuple(ends[1:])) if command.then else ends[0]
        if not command.look:
            return ended
        told = await self._run_alone(Command(command.look))
        return replace(ended, look=told.stdout, look_seconds=told.seconds)

    async def _run_alone(self, command: Command) -> Completed:
        self._check_reachable()
        name = commands.name_here(self.machine, command.argv)
        world, fault = self.machine.world, self.machine.fault(name)
        began, boot = world.now, self.machine.running.boot_id
        with self._working():
            await asyncio.sleep(0)
            self._check_same_boot(boot)
            reply, waited = await self._carry_out(name, command, fault)
            seconds = min(reply.seconds, command.timeout)
            await world.pace(max(0.0, seconds - waited))
            await asyncio.sleep(0)
            world.reach(began + seconds)
            self._check_same_boot(boot)
        if reply.seconds > command.timeout:
            raise self._loss(f"no answer within {command.timeout:g} s", "command-timeout")
        return Completed(reply.status, reply.stdout, reply.stderr, seconds)

    async def close(self) -> None:
        """Nothing is held."""

    def power_off(self) -> None:
        """Pulls the plug: nothing is unmounted, heartbeats freeze."""
        power.cut(self.machine)

    def power_on(self) -> None:
        """Boots a host that is off."""
        if self.machine.running.on:
            raise ImpossibleWorld(f"{self.name} is on already")
        power.switch_on(self.machine)

    def reboot(self) -> None:
        """An orderly restart."""
        power.reboot(self.machine)

    def stun(self) -> None:
        """It is paused, as a virtual machine is: nothing of it goes on, and nothing is lost."""
        power.stun(self.machine)

    def wake(self) -> None:
        """It goes on where it was stunned."""
        power.wake(self.machine)

    def swap(self, lun: str, other: str) -> None:
        """The storage shows another LUN under the same paths; the kernel does not notice."""
        luns = self.machine.world.luns
        for device in self.machine.running.devices:
            if device.lun is luns[lun]:
                device.lun = luns[other]

    def mount(self, source: str, path: str) -> None:
        """What an operator does outside of all runs: mount, past every check of the gate."""
        mounting.mount(self.machine, source, path, ("defaults",))

    def unmount(self, path: str) -> None:
        """What an operator does outside of all runs: umount."""
        mounting.unmount(self.machine, self._mount(path))

    def hide(self, path: str, pid: int) -> None:
        """Leaves a mount only to the private namespace of a process."""
        self._mount(path).pid = pid

    def _mount(self, path: str) -> Mount:
        found = [mount for mount in self.machine.running.mounts if mount.path == path]
        if not found:
            raise ImpossibleWorld(f"{self.name}: {path} is not mounted")
        return found[0]

    def _check_reachable(self) -> None:
        code = self.machine.refusal or ("" if self.machine.running.on else "host-unreachable")
        if code:
            raise HostUnreachable(self.name, code, REFUSALS[code])

    def _check_same_boot(self, boot: str) -> None:
        if not self.machine.running.on or self.machine.running.boot_id != boot:
            raise self._loss("the host went down")

    def _loss(self, why: str, code: str = "connection-lost") -> HostUnreachable:
        self.machine.record(code, why)
        return HostUnreachable(self.name, code, why)

    async def _carry_out(
        self, name: str, command: Command, fault: Fault | None
    ) -> tuple[Reply, float]:
        """How it ends, and for how long it has waited until then."""
        if fault is None:
            return await self._perform(name, command)
        self.machine.record("fault", f"{fault.kind} {fault.phase} {name}")
        if fault.kind == "meets":
            fault.then()
            return await self._perform(name, command)
        if fault.kind == "fails":
            return Reply(fault.status, "", fault.stderr), 0.0
        if fault.phase == "after":
            await self._perform(name, command)
        elif fault.phase == "during":
            commands.begin(self.machine, command)
        if fault.kind != "lost":
            power.cut(self.machine)
        if fault.kind == "reboot":
            power.switch_on(self.machine)
        raise self._loss(f"{fault.kind} {fault.phase} {name}")

    async def _perform(self, name: str, command: Command) -> tuple[Reply, float]:
        """Runs it; what has to stand still is waited for, while all else goes on."""
        waited, boot = 0.0, self.machine.running.boot_id
        reply = self._begin(name, command)
        while isinstance(reply, Waits):
            wait, began = reply.seconds, self.machine.world.now
            await self.machine.world.pace(wait)
            await asyncio.sleep(0)
            self.machine.world.reach(began + wait)
            self._check_same_boot(boot)
            waited += wait
            try:
                reply = commands.go_on(self.machine, command, self.controller)
            except Waits as again:
                reply = again
        return replace(reply, seconds=reply.seconds + waited) if waited else reply, waited

    def _begin(self, name: str, command: Command) -> Reply | Waits:
        """Begins it; notes a change while another one is made, or one of a foreign run."""
        reply: Reply | Waits
        try:
            reply = commands.perform(self.machine, command, self.controller)
        except Waits as waits:
            reply = waits
        begun = lease.is_working(self.machine) or gate_call(command.argv) is None
        begun = begun or self.controller == commands.OPERATOR
        if commands.changes(name) and begun:
            self._look_for_disasters(name)
            self.machine.busy.append((lease.worker(), name))
        return reply

    def _look_for_disasters(self, name: str) -> None:
        machine = self.machine
        scope = machine.running.works.get(lease.worker(), lease_file.MEMBER)
        for worker, other in machine.busy:
            if machine.running.works.get(worker, lease_file.MEMBER) == scope:
                machine.world.disaster(
                    "overlapping-commands", self.name, f"{name} during {other}"
                )
        owner = machine.world.controllers.get(self.name, self.controller)
        if owner != self.controller and scope == lease_file.MEMBER:
            machine.world.disaster(
                "interleaved-runs", self.name, f"{name} by {self.controller}, held by {owner}"
            )

    @contextmanager
    def _working(self) -> Iterator[None]:
        """What a command has begun here ends with it."""
        machine = self.machine
        try:
            yield
        finally:
            machine.busy = [item for item in machine.busy if item[0] != lease.worker()]
            lease.end_work(machine)


def connect(world: World, name: str, controller: str = commands.OPERATOR) -> SimulatedHost:
    """A connection to a host of the world; ``controller`` tells apart who is at its other end.

    By default that is an operator, who types at the host itself. KeyError: no such host.
    """
    return SimulatedHost(world.machines[name], controller)


def connect_all(world: World) -> dict[str, SimulatedHost]:
    """The operator's connections, to every host by its name."""
    return {name: connect(world, name) for name in world.machines}

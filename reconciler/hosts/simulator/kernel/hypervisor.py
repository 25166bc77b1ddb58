"""Virtual machines, by libvirt or by an operator's own program; their disks are on volumes.

A guest is a process that has its disk open on the host where it runs. That it runs on two
hosts at once is a disaster, whoever started it there.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.errors import ImpossibleWorld, UnknownCommand
from reconciler.hosts.simulator.state.machine import Process
from reconciler.hosts.simulator.state.reply import Failed, Reply

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.guests import Guest
    from reconciler.hosts.simulator.state.machine import Machine

PROGRAMS = re.compile(r"/var/lib/reconcile/[^./][^/]*/programs")
FIRST_PID = 3000


def add(machine: Machine, guest: Guest) -> None:
    """A guest that runs there; ImpossibleWorld without its volume."""
    machine.world.guests[guest.name] = guest
    try:
        _run(machine, guest)
    except Failed as failed:
        raise ImpossibleWorld(f"{guest.name} on {machine.name}: {failed}") from failed


def running(machine: Machine) -> list[str]:
    """The guests that run on a host, in the order of their start."""
    return [process.guest for process in machine.running.processes if process.guest]


def is_approved(machine: Machine, words: tuple[str, ...]) -> bool:
    """Whether an apply has recorded exactly these words there."""
    digest = hashlib.sha256("\n".join(words).encode()).hexdigest()
    files = machine.files.by_path
    records = [file for path, file in files.items() if PROGRAMS.fullmatch(path)]
    return any(digest in file.text.split("\n") for file in records if file.mode == "600")


def list_guests(machine: Machine, words: tuple[str, ...], path: str) -> list[str]:
    """What the probe tells: a list command's lines, or libvirt's guests with a disk there."""
    if not words:
        if "virsh" not in machine.programs:
            raise Failed(127, f"{path}: virsh is not there")
        return _below(machine, path)
    try:
        return ask(machine, words)
    except Failed as failed:
        status = failed.reply.status
        raise Failed(1, f"{path}: {words[0]} ended with status {status}") from failed


def _below(machine: Machine, path: str) -> list[str]:
    found = [machine.world.guests[name] for name in running(machine)]
    return [guest.name for guest in found if guest.disk.startswith(f"{path}/")]


def guests_program(machine: Machine, argv: tuple[str, ...]) -> Reply:
    """``guests list PATH``, ``guests stop NAME``, ``start NAME``, ``migrate NAME TARGET``."""
    match argv[1:]:
        case ("list", path):
            return _names(_below(machine, path))
        case ("stop", name):
            return _shut_down(machine, name)
        case ("start", name):
            return _start(machine, name)
        case ("migrate", name, target):
            return _move(machine, name, target)
        case _:
            raise UnknownCommand(f"{argv}")


def virsh(machine: Machine, argv: tuple[str, ...]) -> Reply:
    """The few words of virsh that matter."""
    match argv[1:]:
        case ("list", "--name"):
            return _names(running(machine))
        case ("shutdown", "--domain", name):
            return _shut_down(machine, name)
        case ("start", "--domain", name):
            return _start(machine, name)
        case _:
            raise UnknownCommand(f"{argv}")


def shut_down_all(machine: Machine) -> None:
    """As a host that goes down does with its guests; what does not heed it is cut off."""
    for name in running(machine):
        _end(machine, name)


def ask(machine: Machine, argv: tuple[str, ...]) -> list[str]:
    """The guests that an operator's list command prints; Failed as it fails."""
    if "guests" in machine.broken:
        raise Failed(1, machine.broken["guests"])
    return run_command(machine, "\n".join(argv)).stdout.split()


def run_command(machine: Machine, words: str) -> Reply:
    """A program of the operator's, each word a line; Failed as it fails or if there is none."""
    argv = tuple(words.split("\n"))
    if argv[0] not in machine.programs:
        raise Failed(127, f"{argv[0]}: not found")
    return machine.programs[argv[0]](machine, argv)


def _names(found: list[str]) -> Reply:
    return Reply(0, "".join(f"{name}\n" for name in found))


def _shut_down(machine: Machine, name: str) -> Reply:
    if name not in running(machine):
        raise Failed(1, f"{name} does not run")
    if not machine.world.guests[name].stubborn:
        _end(machine, name)
    return Reply()


def _start(machine: Machine, name: str) -> Reply:
    guest = machine.world.guests.get(name)
    if guest is None or guest.transient:
        raise Failed(1, f"no guest {name}")
    _run(machine, guest)
    return Reply()


def _move(machine: Machine, name: str, target: str) -> Reply:
    """Live: there is no moment at which it runs on both."""
    guest, there = machine.world.guests[name], machine.world.machines[target]
    if guest.pinned or not there.running.on:
        raise Failed(1, f"{name} cannot be moved to {target}")
    _end(machine, name)
    try:
        _run(there, guest)
    except Failed:
        _run(machine, guest)
        raise
    machine.record("guest-moved", f"{name} {target}")
    return Reply()


def _run(machine: Machine, guest: Guest) -> None:
    if not any(guest.disk.startswith(f"{m.path}/") for m in machine.running.mounts):
        raise Failed(1, f"{guest.disk}: No such file or directory")
    for other in machine.world.machines.values():
        if guest.name in running(other):
            message = f"{guest.name} runs on {other.name} already"
            machine.world.disaster("guest-runs-twice", machine.name, message)
    processes = machine.running.processes
    pid = max([FIRST_PID - 1, *(other.pid for other in processes)]) + 1
    processes.append(Process(pid, "qemu-system-x86", guest.disk, "", guest.name))
    machine.record("guest-started", guest.name)


def _end(machine: Machine, name: str) -> None:
    kept = [process for process in machine.running.processes if process.guest != name]
    machine.running.processes = kept
    machine.record("guest-stopped", name)

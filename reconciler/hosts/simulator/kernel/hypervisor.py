"""Virtual machines, by libvirt or by an operator's own program; their disks are on volumes.

A guest is a process that has its disk open on the host where it runs. That it runs on two
hosts at once is a disaster, whoever started it there.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.errors import ImpossibleWorld, UnknownCommand
from reconciler.hosts.simulator.state.machine import Process
from reconciler.hosts.simulator.state.reply import Failed, Reply, refused, tool_failed

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.machine import Machine

NAME = r"[A-Za-z0-9_][A-Za-z0-9_.:+@-]{0,127}"
WORDS = r"[^\x00-\x1f\x7f]+(\n[^\x00-\x1f\x7f]+)*"
PROGRAMS = re.compile(r"/var/lib/reconcile/[^./][^/]*/programs")
FIRST_PID = 3000
SHUTDOWN, BOOT, MOVE = 20.0, 5.0, 30.0  # seconds


@dataclass(slots=True)
class Guest:
    """A guest and its ``disk``; it may not heed its shutdown, or not be moved.

    libvirt forgets a ``transient`` one when it ends.
    """

    name: str
    disk: str
    stubborn: bool = False
    pinned: bool = False
    transient: bool = False


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


def listed(machine: Machine, words: tuple[str, ...], path: str) -> list[str]:
    """What the probe tells: a list command's lines, or libvirt's guests with a disk there."""
    if not words:
        if "virsh" not in machine.programs:
            raise Failed(127, f"{path}: virsh is not there")
        return _below(machine, path)
    try:
        return _asked(machine, words)
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


def stop_guest(call: Call) -> Reply:
    """Tells it to shut down, and waits."""
    name, limit, words, command = call.args
    if name not in _listed_by(call, words):
        return Reply(0, f"ok stopped {name}\n")
    _told(call, command, "guest-still-runs")
    if name in _listed_by(call, words):
        said = f"{name} still runs after {limit} s"
        raise tool_failed("guest-still-runs", said, float(limit))
    return Reply(0, f"ok stopped {name}\n", "", SHUTDOWN)


def migrate_guest(call: Call) -> Reply:
    """Moves it, else as `stop_guest`."""
    name, limit, words, move, stop = call.args
    if name in _listed_by(call, words):
        try:
            _command(call.machine, move)
        except Failed:
            call.machine.record("guest-stayed", name)
    if name in _listed_by(call, words):
        return stop_guest(type(call)(call.machine, (name, limit, words, stop), "", ""))
    return Reply(0, f"ok migrated {name}\n", "", MOVE)


def migrate_cut_short(call: Call) -> None:
    """The power goes when it has just arrived at the other host."""
    name, _limit, words, move, _stop = call.args
    if name in _listed_by(call, words):
        _command(call.machine, move)


def start_guest(call: Call) -> Reply:
    """Starts it where its volume is mounted, and waits until it is listed."""
    path, name, limit, words, command = call.args
    if not any(m.path == path and m.pid == 1 for m in call.machine.running.mounts):
        raise refused("not-mounted", f"{path} has nothing mounted")
    if name in _listed_by(call, words):
        return Reply(0, f"ok started {name}\n")
    _told(call, command, "guest-not-started")
    if name not in _listed_by(call, words):
        said = f"{name} does not run after {limit} s"
        raise tool_failed("guest-not-started", said, float(limit))
    return Reply(0, f"ok started {name}\n", "", BOOT)


def _told(call: Call, command: str, code: str) -> None:
    name = call.args[1] if code == "guest-not-started" else call.args[0]
    try:
        _command(call.machine, command)
    except Failed as failed:
        said = f"the command ended with {failed.reply.status}: {failed}"
        raise tool_failed(code, f"{name}: {said}", 0.5) from failed


def _listed_by(call: Call, words: str) -> list[str]:
    """The gate's own look, by the list command whole."""
    argv = tuple(words.split("\n"))
    try:
        return _asked(call.machine, argv)
    except Failed as failed:
        status = failed.reply.status
        raise tool_failed(
            "guests-unread", f"{argv[0]} ended with status {status}", 0.5
        ) from failed


def _asked(machine: Machine, argv: tuple[str, ...]) -> list[str]:
    if "guests" in machine.broken:
        raise Failed(1, machine.broken["guests"])
    return _command(machine, "\n".join(argv)).stdout.split()


def _command(machine: Machine, words: str) -> Reply:
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

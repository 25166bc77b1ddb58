"""The only commands that a host runs: each by its argv, anything else is a bug."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.gate import lease, verbs
from reconciler.hosts.simulator.gate.call import Call
from reconciler.hosts.simulator.gate.cluster import refuse_use
from reconciler.hosts.simulator.kernel import live, modprobe, ordering, services, units
from reconciler.hosts.simulator.probe.answer import answer, check_arguments
from reconciler.hosts.simulator.probe.fixed_probe import PROGRAM
from reconciler.hosts.simulator.state.errors import UnknownCommand
from reconciler.hosts.simulator.state.reply import Failed, Reply, Waits
from reconciler.model.gate_call import PERMIT_WORDS, gate_call

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.model.plan import Command

PROBE, GATE = "# reconcile-probe 1", "# reconcile-gate 1"
MODULES = ("ocfs2", "ocfs2_stack_o2cb")
UNITS = ("o2cb.service", "ocfs2.service")
FIXED = frozenset(
    [
        *(("modprobe", module) for module in MODULES),
        *(("systemctl", verb, unit) for verb in ("start", "restart") for unit in UNITS),
        ("systemctl", "stop", "o2cb.service"),
        *(
            ("systemctl", verb, *names)
            for verb in ("enable", "disable")
            for n in (1, 2)
            for names in permutations(UNITS, n)
        ),
        ("systemctl", "daemon-reload"),
    ]
)
GATED = frozenset(
    [
        ("modprobe", "ocfs2"),
        ("systemctl", "daemon-reload"),
        *(("systemctl", verb, "o2cb.service") for verb in ("restart", "stop")),
        *(
            ("systemctl", verb, *names)
            for verb in ("enable", "disable")
            for names in (UNITS[:1], UNITS[1:], UNITS)
        ),
    ]
)
# What stops the cluster, which the gate does only where nothing uses it.
UNUSED = frozenset(("systemctl", verb, "o2cb.service") for verb in ("restart", "stop"))
# What changes nothing on the host but who may act there.
READING = ("probe", PROGRAM, "gate lease-", "gate pause", "gate resume")
# Who types at the host itself, and needs no lease.
OPERATOR = "operator"
# Commands that are known again: the same one is looked at by host, faults and who records it.
SEEN = 1024
ONE_UNIT = ("start", "stop", "enable", "disable")
MASKS = ("mask", "unmask")


CLUSTER = {
    "start": units.start,
    "restart": units.restart,
    "stop": units.stop,
    "enable": units.enable,
    "disable": units.disable,
}
SERVICES = {
    "start": services.start,
    "stop": services.stop,
    "enable": services.enable,
    "disable": services.disable,
    "mask": services.mask,
    "unmask": services.unmask,
}


def name_here(machine: Machine, argv: tuple[str, ...]) -> str:
    """As `name_of`, on a host that may have programs of the operator's own."""
    argv = _bare(argv)
    return argv[0] if argv[:1] and argv[0] in machine.programs else name_of(argv)


@lru_cache(SEEN)
def _bare(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command without who it is of; a program of the operator's as it would be typed."""
    call = gate_call(argv)
    if call is None or call.permit is None or not _has_marker(argv[2], GATE):
        return argv
    if call.verb == "run":
        return call.arguments
    return (*argv[:4], *argv[5 + PERMIT_WORDS :])


@lru_cache(SEEN)
def name_of(argv: tuple[str, ...]) -> str:
    """The command's short name; UnknownCommand when no host would be asked this."""
    if argv in FIXED or (argv[:2] == ("o2cb", "register-cluster") and len(argv) == 3):
        return " ".join(argv[:2])
    match argv:
        case ("systemctl", verb, unit) if verb in ONE_UNIT and services.NAME.fullmatch(unit):
            return f"systemctl {verb}"
        case ("systemctl", verb, "--runtime", unit) if (
            verb in MASKS and services.NAME.fullmatch(unit)
        ):
            return f"systemctl {verb}"
        case ("sh", "-c", text, "probe", *args) if _has_marker(text, PROBE):
            check_arguments(tuple(args))
            return "probe"
        case ("sh", "-c", text, "gate", *_) if _has_marker(text, GATE) and (
            call := gate_call(argv)
        ):
            if call.verb == "do" and call.target is None and _is_gated(call.arguments):
                return name_of(call.arguments)
            if verbs.understands(call.verb, call.arguments, call.target):
                return f"gate {call.verb}"
        case _:
            pass
    raise UnknownCommand([word[:60] for word in argv])


def _is_gated(args: tuple[str, ...]) -> bool:
    """Whether the gate's ``do`` knows it: not all that an operator could type."""
    others = args[:1] == ("systemctl",) and services.NAME.fullmatch(args[-1])
    return args in GATED or args[:2] == ("o2cb", "register-cluster") or bool(others)


def changes(name: str) -> bool:
    """Whether a command can change the host, apart from its lease."""
    return not name.startswith(READING)


def perform(machine: Machine, command: Command, controller: str) -> Reply:
    """Runs a command to its end, if it is of a run that may act here; Waits, then `go_on`."""
    return _run_to_end(
        machine, lambda: _run(machine, _permit(machine, command, controller), controller)
    )


def go_on(machine: Machine, command: Command, controller: str) -> Reply:
    """A command that was allowed to begin, and has waited."""
    bare = _without_permit(command)
    return _run_to_end(machine, lambda: _run(machine, bare, controller))


def _run_to_end(machine: Machine, run: Callable[[], Reply]) -> Reply:
    try:
        return run()
    except Failed as failed:
        machine.record("failed", failed.reply.stderr.strip())
        return failed.reply


def begin(machine: Machine, command: Command) -> None:
    """Runs a command halfway: only verbs of the gate leave traces, all else is one step."""
    name = name_here(machine, command.argv)
    try:
        command = _permit(machine, command, OPERATOR)
        if name.startswith("gate "):
            verbs.cut_short(name.removeprefix("gate "), _make_call(machine, command, ""))
    except Waits:
        return
    except Failed as failed:
        machine.record("failed", failed.reply.stderr.strip())


def _permit(machine: Machine, command: Command, controller: str) -> Command:
    """The bare command, if its run may begin it now; Failed as the gate refuses it."""
    call = gate_call(command.argv)
    if call is not None and call.permit is not None:
        lease.act(machine, call.permit)
    elif call is not None and changes(f"gate {call.verb}") and controller != OPERATOR:
        raise Failed(64, f"gate: usage: {command.words[0]} needs a run that it is of")
    return _without_permit(command)


def _without_permit(command: Command) -> Command:
    bare = _bare(command.argv)
    return command if bare is command.argv else replace(command, argv=bare)


def _run(machine: Machine, command: Command, controller: str) -> Reply:
    if program := machine.programs.get(command.argv[0]):
        return program(machine, command.argv)
    asked = gate_call(command.argv)
    gated = asked is not None and asked.verb == "do"
    argv = asked.arguments if asked and gated else command.argv
    if gated and argv in UNUSED:
        refuse_use(machine)
    match name_of(command.argv).split():
        case ["probe"]:
            return answer(machine, argv[4:])
        case ["gate", verb]:
            return verbs.perform(verb, _make_call(machine, command, controller))
        case ["modprobe", module]:
            return modprobe.load(machine, module)
        case ["systemctl", verb]:
            return _systemctl(machine, verb, argv[2:])
        case _:
            live.register(machine, argv[2])
            return Reply(seconds=0.5)


def _make_call(machine: Machine, command: Command, controller: str) -> Call:
    """A call of the gate, which it understands."""
    asked = gate_call(command.argv)
    assert asked is not None  # noqa: S101  # `name_of` has understood it
    return Call(machine, asked.arguments, command.stdin, controller, asked.target)


def _systemctl(machine: Machine, verb: str, names: tuple[str, ...]) -> Reply:
    if verb == "daemon-reload":
        return ordering.reload(machine)
    replies = [
        (SERVICES if services.NAME.fullmatch(name) else CLUSTER)[verb](machine, name)
        for name in names
        if name != "--runtime"
    ]
    return Reply(seconds=sum((reply.seconds for reply in replies), start=0.5))


def _has_marker(text: str, marker: str) -> bool:
    return text.startswith(f"#!/bin/sh\n{marker}\n")

"""The package manager of a host: repositories, holds, a lock, a database, room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import ordering
from reconciler.hosts.simulator.state.reply import Reply, refusal, tool_failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.hosts.simulator.state.packaging import Packaging

MANAGER = "dpkg|rpm|yum"
USED = ("dpkg", "rpm", "yum")
WORD = r"\??[A-Za-z0-9][A-Za-z0-9.+:~_-]*(=[A-Za-z0-9.+:~_-]+)?"
NAME, RELEASE = (r"[A-Za-z0-9][A-Za-z0-9.+:~_-]*",) * 2
WAIT = 60.0  # seconds for whoever has the lock
BUILD = f"{NAME}(={NAME})?"
NEEDED = 64 << 20
# The commands that a package brings, and the units.
TOOLS = ("mkfs.ocfs2", "tunefs.ocfs2", "fsck.ocfs2", "debugfs.ocfs2", "mounted.ocfs2", "o2cb")
BROUGHT = {
    "ocfs2-tools": TOOLS,
    "parted": ("parted", "partprobe"),
    "gdisk": ("sgdisk",),
    "multipath-tools": ("multipathd",),
    "device-mapper-multipath": ("multipathd",),
    "sg3-utils": ("sg_readcap",),
    "sg3_utils": ("sg_readcap",),
}
UNITS = ("o2cb.service", "ocfs2.service")


def install(call: Call) -> Reply:
    """Installs what is missing, as far as nothing is in the way; a refusal changes nothing."""
    machine, state = call.machine, call.machine.packaging
    chosen = _choose(machine, call.args[1:])
    for word in chosen:
        _unpack(machine, word.partition("=")[0])
    if state.broken:
        raise tool_failure("package-database-broken", f"{state.broken}: it failed", 20.0)
    words = " ".join(call.args[1:])
    return Reply(0, f"ok installed {words}\n", "", 20.0 if chosen else 1.0)


def install_module(call: Call) -> Reply:
    """Installs the build for a kernel, if the running one has no module yet."""
    _manager, word, kernel = call.args
    machine = call.machine
    if offer := _build(machine, word, kernel):
        machine.setup.module = machine.setup.kernel == kernel
        name = word.partition("=")[0]
        machine.setup.module_build = offer
        machine.install(name, offer)
        machine.record("installed", f"{name} {kernel}")
    return Reply(0, f"ok installed {word} for {kernel}\n", "", 20.0)


def fetch(call: Call) -> Reply:
    """All that comes before something is installed; a refusal changes nothing."""
    verb, _manager, *words = call.args
    if verb == "install-module":
        word, kernel = words
        chosen, there = (
            [word] if _build(call.machine, word, kernel) else [],
            " for ".join(words),
        )
    else:
        chosen, there = _choose(call.machine, words), " ".join(words)
    said = f"fetched {' '.join(chosen)}" if chosen else f"installed {there}"
    return Reply(0, f"ok {said}\n", "", 10.0)


def _choose(machine: Machine, words: Sequence[str]) -> list[str]:
    """Those that are missing and to be had."""
    state = machine.packaging
    _ready(machine)
    missing = [word for word in words if not is_there(machine, word.removeprefix("?"))]
    chosen = [word.removeprefix("?") for word in missing if _is_offered(state, word)]
    if chosen and state.room < NEEDED:
        raise refusal("no-space", f"/usr has {state.room >> 10} KiB free")
    return chosen


def _ready(machine: Machine) -> None:
    """One that is used, which nobody else has, and whose database is whole."""
    manager, state = machine.setup.manager, machine.packaging
    if manager not in USED:
        words = f"{manager} installs packages here, and only apt, dnf and yum are used"
        raise refusal("package-manager-unsupported", words)
    if state.holder:
        raise refusal("package-lock-busy", f"{state.holder} after {WAIT:g} s")
    if state.broken:
        raise refusal("package-database-broken", state.broken)


def _build(machine: Machine, word: str, kernel: str) -> str:
    """The version to install; empty if nothing is to be."""
    name, _, version = word.partition("=")
    state = machine.packaging
    fits = machine.setup.module and machine.setup.kernel == kernel
    if fits and not (version and not is_there(machine, word)):
        return ""
    _ready(machine)
    if name not in state.builds:
        raise refusal("package-missing", f"no repository has {name}")
    if kernel not in state.builds[name]:
        there = " ".join(state.builds[name])
        raise refusal("module-not-built", f"{name} has no build for {kernel}: {there}")
    offer = state.offers.get(name, kernel)
    if version and offer != version:
        raise refusal("module-not-built", f"{word} has no build for {kernel}: {offer}")
    return offer


def is_there(machine: Machine, word: str) -> bool:
    """Whether NAME or NAME=VERSION is installed."""
    name, _, version = word.partition("=")
    return machine.setup.versions.get(name) in (
        {version} if version else {*_versions(machine, name)}
    )


def _versions(machine: Machine, name: str) -> tuple[str, ...]:
    return (machine.setup.versions[name],) if name in machine.setup.versions else ()


def _is_offered(state: Packaging, word: str) -> bool:
    """Whether it can be had; what has a question mark is then left out, without a word."""
    name, _, version = word.removeprefix("?").partition("=")
    optional = word.startswith("?")
    if name in state.held:
        if not optional:
            raise refusal("package-held", f"{name} is on hold")
        return False
    if not state.known and not optional:
        if state.down:
            raise refusal("repository-failed", state.down)
        state.known = True
    found = state.offers.get(name) if state.known else None
    if found is None or version not in ("", found):
        if not optional:
            raise refusal("package-missing", f"no repository has {word}")
        return False
    return True


def _unpack(machine: Machine, name: str) -> None:
    setup, state = machine.setup, machine.packaging
    if name == state.fails:
        state.broken = f"{name} is half-configured"
        return
    machine.install(name, state.offers[name])
    setup.commands = tuple(dict.fromkeys((*setup.commands, *BROUGHT.get(name, ()))))
    machine.record("installed", name)
    if name == "ocfs2-tools":
        for unit in UNITS:
            machine.add_unit(unit, enabled=setup.manager == "dpkg")
        ordering.read(machine)

"""Who the host is, what it runs, and which packages and tools it has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from reconciler.model.observed import Identity, Kernel, ModuleBuild, Packages, Space
from reconciler.model.software import INSTALL
from reconciler.probe.sections import (
    Section,
    choice,
    dash,
    group_rows,
    maybe_number,
    number,
    pairs,
)

IDENTITY = (
    "hostname", "boot_id", "machine_id", "os", "os_version", "kernel", "arch", "uid",
    "uptime", "clock",
)  # fmt: skip
KERNEL = (
    "running", "next_boot", "module_file", "module_version", "next_boot_module", "panic",
    "panic_on_oops",
)  # fmt: skip
MANY = {"version": 1, "loaded": 1, "build": 3}
ANSWERS = {"yes": True, "no": False, "-": None}


def _exactly(found: Mapping[str, str], keys: tuple[str, ...]) -> None:
    if set(found) != set(keys):
        odd = sorted(set(found) ^ set(keys))
        raise ValueError(f"missing or unexpected: {', '.join(odd)[:100]}")


def parse_identity(section: Section) -> Identity:
    """The host itself; the hostname without its domain.

    Raises ValueError for a section that is garbled.
    """
    found = pairs(section)
    _exactly(found, IDENTITY)
    uptime = float(found["uptime"])
    if not math.isfinite(uptime) or uptime < 0:
        raise ValueError(f"not an uptime: {found['uptime'][:64]!r}")
    return Identity(
        hostname=found["hostname"].partition(".")[0],
        boot_id=found["boot_id"],
        machine_id=found["machine_id"],
        os=found["os"],
        os_version=found["os_version"],
        kernel=found["kernel"],
        arch=found["arch"],
        uid=number(found["uid"]),
        uptime=uptime,
        clock=number(found["clock"]),
    )


def parse_kernel(section: Section) -> Kernel:
    """The running kernel, the next one, and the ocfs2 module for each."""
    found = pairs(tuple(row for row in section if row[0] not in MANY))
    _exactly(found, KERNEL)
    rows = group_rows(tuple(row for row in section if row[0] in MANY), MANY)
    return Kernel(
        running=found["running"],
        next_boot=dash(found["next_boot"]),
        module_file=dash(found["module_file"]),
        module_version=dash(found["module_version"]),
        next_boot_module=choice(found["next_boot_module"], ANSWERS),
        loaded=tuple(name for (name,) in rows["loaded"]),
        builds=tuple(
            ModuleBuild(name, dash(runs), dash(file)) for name, runs, file in rows["build"]
        ),
        version=", ".join(text for (text,) in rows["version"]),
        panic=_signed(found["panic"]),
        panic_on_oops=maybe_number(found["panic_on_oops"]),
    )


def _signed(value: str) -> int | None:
    """``kernel.panic`` may be negative: reboot at once (kernel.rst)."""
    if value.startswith("-") and value != "-":
        return -number(value[1:])
    return maybe_number(value)


def parse_packages(section: Section) -> Packages:
    """Versions by package; several installed of one name (kernel modules) are listed."""
    shapes = {"manager": 1, "version": 2, "installed": 3, "command": 1, "held": 1, "broken": 1}
    rows = group_rows(section, shapes)
    ((manager,),) = rows["manager"] if len(rows["manager"]) == 1 else (("",),)
    versions: dict[str, str] = {}
    for name, version in rows["version"]:
        versions[name] = f"{versions[name]}, {version}" if name in versions else version
    installed: dict[str, int] = {}
    for name, moment, _file in rows["installed"]:
        installed[name] = max(number(moment), installed.get(name, 0))
    return Packages(
        manager=choice(manager, {"-": None, **{name: name for name in INSTALL}}),
        versions=versions,
        commands=tuple(name for (name,) in rows["command"]),
        held=tuple(name for (name,) in rows["held"]),
        broken=", ".join(words for (words,) in rows["broken"]),
        installed=installed,
    )


def parse_space(section: Section) -> tuple[Space, ...]:
    """Free room, path by path."""
    rows = group_rows(section, {"space": 3})["space"]
    return tuple(Space(path, number(free), maybe_number(inodes)) for path, free, inodes in rows)


SECTIONS: dict[str, Callable[[Section], object]] = {
    "identity": parse_identity,
    "kernel": parse_kernel,
    "packages": parse_packages,
    "space": parse_space,
}

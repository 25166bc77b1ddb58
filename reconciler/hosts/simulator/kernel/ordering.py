"""The order of units as systemd has it: what it read at boot, or when it was told to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel.texts import read_fstab
from reconciler.hosts.simulator.state.reply import Reply

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine

FSTAB = "/etc/fstab"
TOP, BELOW = "/etc/systemd/system/", ".d/reconcile.conf"
PROPERTIES = ("Wants", "Before", "After", "RequiresMountsFor")
TOLD = frozenset(
    [
        *(f"After={name}.service" for name in ("o2cb", "ocfs2", "multipathd")),
        *(f"After={name}.service" for name in ("iscsid", "iscsi", "open-iscsi")),
        "After=drbd.service",
        *("Before=remote-fs-pre.target", "Wants=remote-fs-pre.target"),
    ]
)
PLAIN = frozenset("_:.")


def reload(machine: Machine) -> Reply:
    """systemctl daemon-reload: nothing is started or stopped for it."""
    read(machine)
    machine.record("units-read")
    return Reply(seconds=0.5)


def read(machine: Machine) -> None:
    """What files say from now on."""
    paths = (FSTAB, *drop_ins(machine))
    machine.running.read = {path: machine.files.text(path) for path in paths}


def drop_ins(machine: Machine) -> list[str]:
    """The paths of the drop-ins that there are."""
    return sorted(
        path
        for path in machine.files.by_path
        if path.startswith(TOP)
        and path.endswith(BELOW)
        and path.count("/") == TOP.count("/") + 1
    )


def words(machine: Machine, unit: str) -> Iterator[str]:
    """PROPERTY=WORD of a unit; of a masked one nothing."""
    if unit.endswith(".mount"):
        yield from _mount_words(machine, unit)
    elif unit in machine.units and not machine.is_masked(unit):
        for line in machine.running.read.get(f"{TOP}{unit}{BELOW}", "").splitlines():
            name, _, value = line.partition("=")
            if name in PROPERTIES:
                yield from (f"{name}={word}" for word in value.split())


def cannot_start(machine: Machine, unit: str) -> str:
    """The path whose mount in fstab a unit requires, where it is not mounted; or nothing."""
    required = [word[18:] for word in words(machine, unit) if word[:18] == "RequiresMountsFor="]
    mounted = {mount.path for mount in machine.running.mounts}
    lines = read_fstab(machine.running.read.get(FSTAB, ""))
    failed = [line.path for line in lines if line.path in required and line.path not in mounted]
    return failed[0] if failed else ""


def _mount_words(machine: Machine, unit: str) -> Iterator[str]:
    lines = read_fstab(machine.running.read.get(FSTAB, ""))
    for line in lines:
        if mount_unit(line.path) == unit and "_netdev" in line.options:
            for option in line.options:
                if option.startswith("x-systemd.after="):
                    yield f"After={option.removeprefix('x-systemd.after=')}"


def mount_unit(path: str) -> str:
    """systemd-escape --path --suffix=mount (basic/unit-name.c, do_escape)."""
    name = ""
    for place, char in enumerate(path.strip("/")):
        plain = (char.isalnum() and char.isascii()) or char in PLAIN
        if char == "/":
            name += "-"
        else:
            name += char if plain and (place or char != ".") else f"\\x{ord(char):02x}"
    return f"{name}.mount"

"""What the probe prints on a simulated host: the frame, then a printer for each section."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.probe import (
    cluster,
    leases,
    network,
    storage,
    system,
    wanted,
)
from reconciler.hosts.simulator.probe.request import Request, Rows, row
from reconciler.hosts.simulator.state.errors import UnknownCommand
from reconciler.hosts.simulator.state.reply import Failed, Reply

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine

SECTIONS: dict[str, Callable[[Machine, Request], Rows]] = {
    "identity": system.identity,
    "kernel": system.kernel,
    "packages": system.packages,
    "addresses": system.addresses,
    "cluster_conf": system.cluster_conf,
    "o2cb_config": system.o2cb_config,
    "live": cluster.live,
    "services": cluster.services,
    "ordering": system.ordering,
    "mounts": cluster.mounts,
    "disks": storage.disks,
    "wanted": wanted.wanted_rows,
    "fstab": system.fstab,
    "processes": cluster.processes,
    "space": system.space,
    "records": system.records,
    "leases": leases.leases,
    "pauses": leases.pauses,
    "log": cluster.log,
    "automounts": network.automounts,
    "interconnect": network.interconnect,
    "logical_volumes": storage.logical_volumes,
    "guests": cluster.guests,
}
OPTIONS = {
    "--want": "want",
    "--blank": "blank",
    "--path": "paths",
    "--only": "only",
    "--unit": "units",
    "--connect": "targets",
    "--size": "sizes",
    "--lv": "logical",
    "--order": "orders",
    "--guests": "guests",
    "--package": "packages",
}
OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
FORMS = {
    "--unit": r"(?!.*@\.)[A-Za-z0-9][A-Za-z0-9:_.\\@-]*\.[a-z]+",
    "--package": r"[A-Za-z0-9][A-Za-z0-9.+_-]*(\{kernel\}[A-Za-z0-9.+_-]*)?",
    "--lv": r"[A-Za-z0-9_+][A-Za-z0-9_.+-]*/[A-Za-z0-9_+][A-Za-z0-9_.+-]*",
    "--order": r"(?!.*@\.)[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*\.[a-z]+",
    "--connect": rf"({OCTET}\.){{3}}{OCTET}:[1-9]\d{{0,4}}",
    "--guests": r"/[^\x00-\x1f\x7f]+(\n[^\x00-\x1f\x7f]+)*",
}


@lru_cache(1024)
def check_arguments(args: tuple[str, ...]) -> Request:
    """The arguments in order; UnknownCommand for any that the probe does not have."""
    if len(args) % 2 or not set(args[::2]) <= OPTIONS.keys():
        raise UnknownCommand(f"probe {args}")
    given: dict[str, list[str]] = {name: [] for name in OPTIONS.values()}
    for option, value in _pairs(args):
        if not re.fullmatch(FORMS.get(option, ".*"), value, re.DOTALL):
            raise UnknownCommand(f"probe {option} {value}")
        given[OPTIONS[option]].append(value)
    refs = tuple(value for option, value in _pairs(args) if option in {"--want", "--blank"})
    only = tuple(given["only"]) or tuple(SECTIONS)
    return Request(
        refs,
        frozenset(given["blank"]),
        tuple(given["paths"]),
        frozenset(only),
        tuple(dict.fromkeys(given["units"])),
        tuple(dict.fromkeys(given["targets"])),
        tuple(given["sizes"]),
        tuple(dict.fromkeys(given["logical"])),
        tuple(dict.fromkeys(given["orders"])),
        tuple(given["guests"]),
        tuple(dict.fromkeys(given["packages"])),
    )


def _section(name: str, rows: Rows) -> list[str]:
    """Its rows, or what made it fail."""
    try:
        return [*rows, row("@@end", name, 0)]
    except Failed as failed:
        return [row("@@fail", str(failed)), row("@@end", name, 1)]


def _pairs(args: tuple[str, ...]) -> list[tuple[str, str]]:
    return list(zip(args[::2], args[1::2], strict=True))


def answer(machine: Machine, args: tuple[str, ...]) -> Reply:
    """The whole text, section by section."""
    request = check_arguments(args)
    lines = ["@@reconcile-probe\t1"]
    for name, printer in SECTIONS.items():
        if name not in request.only:
            continue
        lines.append(row("@@begin", name))
        if name in machine.broken:
            lines += [row("@@fail", machine.broken[name]), row("@@end", name, 1)]
        else:
            lines += _section(name, printer(machine, request))
    lines.append("@@done")
    return Reply(stdout="\n".join([*lines, ""]), seconds=0.5)

"""The sections about the operating system and its files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import ordering as units
from reconciler.hosts.simulator.kernel.units import O2CB_CONFIGS
from reconciler.hosts.simulator.probe.request import Request, Rows, raw_file, row

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine

LISTS = "/var/lib/dpkg/info"
MODULES = ("ocfs2", "ocfs2_stack_o2cb", "ocfs2_dlm", "ocfs2_nodemanager", "ocfs2_dlmfs")
RECORD = re.compile(r"/var/lib/reconcile/[^./][^/]*/([^./][^/]*\.json|programs)")


def identity(machine: Machine, _: Request) -> Rows:
    """Who the host is."""
    setup = machine.setup
    yield row("hostname", setup.hostname)
    yield row("boot_id", machine.running.boot_id)
    yield row("machine_id", machine.machine_id)
    yield row("os", setup.os)
    yield row("os_version", setup.os_version)
    yield row("kernel", setup.kernel)
    yield row("arch", setup.arch)
    yield row("uid", 0)
    yield row("uptime", f"{machine.uptime:.2f}")
    yield row("clock", machine.world.clock(machine))


def kernel(machine: Machine, _: Request) -> Rows:
    """The module of the running kernel; a UML host has no /boot, hence mostly no next one."""
    setup = machine.setup
    file = f"/lib/modules/{setup.kernel}/kernel/fs/ocfs2/ocfs2.ko" if setup.module else "-"
    yield row("running", setup.kernel)
    if setup.kernel_version:
        yield row("version", setup.kernel_version)
    yield row("next_boot", setup.next_boot or "-")
    yield row("module_file", file)
    yield row("module_version", "-")
    ready = "yes" if setup.next_boot_module else "no"
    yield row("next_boot_module", ready if setup.next_boot else "-")
    for module in MODULES:
        if module in machine.running.loaded:
            yield row("loaded", module)
    for module in ("ocfs2", "ocfs2_nodemanager"):
        if module in machine.running.loaded:
            runs = f"build-id:{machine.running.builds.get(module, setup.module_build)}"
            yield row("build", module, runs, f"build-id:{setup.module_build}")
    yield row("panic", setup.panic)
    yield row("panic_on_oops", setup.panic_on_oops)


def packages(machine: Machine, _: Request) -> Rows:
    """Versions and commands."""
    yield row("manager", machine.setup.manager)
    if machine.packaging.broken:
        yield row("broken", machine.packaging.broken)
    for name in sorted({*machine.setup.versions, *machine.packaging.held}):
        if name in machine.setup.versions:
            yield row("version", name, machine.setup.versions[name])
            moment = machine.setup.installed.get(name, 0)
            file = f"{LISTS}/{name}.list" if machine.setup.manager == "dpkg" else "-"
            yield row("installed", name, moment, file)
        if name in machine.packaging.held:
            yield row("held", name)
    for command in machine.setup.commands:
        yield row("command", command)


def addresses(machine: Machine, _: Request) -> Rows:
    """IPv4 of every interface, one after another."""
    yield row("address", "lo", "127.0.0.1", 8)
    every = [*machine.setup.addresses, *machine.setup.aliases]
    for interface, ip, prefix in sorted(every, key=lambda address: address[0]):
        yield row("address", interface, ip, prefix)


def cluster_conf(machine: Machine, _: Request) -> Rows:
    """The file, whole."""
    return raw_file(machine, "/etc/ocfs2/cluster.conf")


def o2cb_config(machine: Machine, _: Request) -> Rows:
    """Debian's place first, else Red Hat's; if there is neither, the one of the OS."""
    paths = [path for path in O2CB_CONFIGS if path in machine.files.by_path]
    return raw_file(
        machine, paths[0] if paths else O2CB_CONFIGS[machine.setup.manager != "dpkg"]
    )


def fstab(machine: Machine, _: Request) -> Rows:
    """The file, whole."""
    return raw_file(machine, "/etc/fstab")


def ordering(machine: Machine, request: Request) -> Rows:
    """What systemd has read of o2cb and of those asked for; then the drop-ins as they are."""
    for unit in dict.fromkeys(("o2cb.service", *request.orders)):
        for word in dict.fromkeys(units.words(machine, unit)):
            name, _, value = word.partition("=")
            if (
                word in units.TOLD
                or word.startswith("After=drbd@")
                or (name == "RequiresMountsFor" and value in request.paths)
            ):
                yield row("order", unit, word)
    for path in units.drop_ins(machine):
        yield from raw_file(machine, path)


def space(machine: Machine, _: Request) -> Rows:
    """Room where files are written."""
    for path, room in machine.files.room.items():
        yield row("space", path, room.free, "-" if room.inodes is None else room.inodes)


def records(machine: Machine, _: Request) -> Rows:
    """What earlier runs left, of each cluster."""
    for path in sorted(
        machine.files.by_path, key=lambda path: (path.endswith("/programs"), path)
    ):
        if RECORD.fullmatch(path):
            yield from raw_file(machine, path)

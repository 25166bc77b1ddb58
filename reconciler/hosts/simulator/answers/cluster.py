"""The sections about the cluster: kernel, units, mounts, leases, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator import lease
from reconciler.hosts.simulator.answers.request import Request, Rows, row
from reconciler.hosts.simulator.live import STACK_MODULES

if TYPE_CHECKING:
    from reconciler.hosts.simulator.machine import Machine

LOG_LINES, PROCESSES = 40, 200
UNITS = ("o2cb.service", "ocfs2.service", "multipathd.service", "iscsid.service")


def live(machine: Machine, _: Request) -> Rows:
    """configfs; nothing but the stack without a registered cluster."""
    running = machine.running
    yield row("stack", "o2cb" if running.loaded & STACK_MODULES else "-")
    cluster = running.live
    if cluster is None:
        return
    yield row("cluster", cluster.name)
    for key, value in (
        ("idle_timeout_ms", cluster.idle_timeout_ms),
        ("keepalive_delay_ms", cluster.keepalive_delay_ms),
        ("reconnect_delay_ms", cluster.reconnect_delay_ms),
        ("fence_method", cluster.fence_method),
        ("heartbeat/dead_threshold", cluster.dead_threshold),
        ("heartbeat/mode", cluster.mode),
    ):
        yield row("attr", cluster.name, key, value)
    for node in sorted(cluster.nodes.values(), key=lambda node: node.name):
        local = int(node.local)
        yield row("node", cluster.name, node.name, node.number, node.ip, node.port, local)
    volumes = {mount.fs.region: mount.device.name for mount in running.mounts}
    for region in sorted(volumes):
        yield row("region", cluster.name, region, volumes[region])
    for region in sorted(volumes):
        yield row("domain", region)


def services(machine: Machine, _: Request) -> Rows:
    """The units that matter; what is not installed is said to be so."""
    for name in UNITS:
        unit = machine.units.get(name)
        if unit is None:
            yield row("unit", name, "not-found", "inactive", "dead", "disabled")
            continue
        enabled = "enabled" if unit.enabled else "disabled"
        yield row("unit", name, "loaded", unit.active, unit.sub, enabled)


def mounts(machine: Machine, request: Request) -> Rows:
    """PID 1's mounts first, then what only other namespaces show."""
    for mount in sorted(machine.running.mounts, key=lambda mount: mount.pid):
        device, options = mount.device, ",".join(mount.options)
        yield row("mount", _escaped(mount.path), device.node, device.number, options, mount.pid)
    for path in request.paths:
        if path in machine.running.others:
            kind, source = machine.running.others[path]
            yield row("other", _escaped(path), kind, source)


def _escaped(path: str) -> str:
    """As mountinfo has it (fs/seq_file.c, mangle_path)."""
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in path)


def processes(machine: Machine, _: Request) -> Rows:
    """Those that use something under an ocfs2 mount."""
    if machine.running.mounts:
        for pid, command, path in machine.running.processes[:PROCESSES]:
            yield row("proc", pid, command, path)


def leases(machine: Machine, _: Request) -> Rows:
    """The lease, with its age by the host's own uptime."""
    held = lease.read(machine)
    if held:
        yield row("lease", held["run"], held["holder"], lease.age(machine))


def log(machine: Machine, _: Request) -> Rows:
    """The last kernel messages about the cluster."""
    for line in machine.running.log[-LOG_LINES:]:
        yield row("log", line)

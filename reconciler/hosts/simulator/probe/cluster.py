"""The sections about the cluster: kernel, units, mounts, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import hypervisor
from reconciler.hosts.simulator.kernel.live import STACK_MODULES
from reconciler.hosts.simulator.kernel.mounting import holders
from reconciler.hosts.simulator.kernel.network import doubled_blocks, is_linked
from reconciler.hosts.simulator.probe.request import Request, Rows, row
from reconciler.hosts.simulator.state.unit import Unit

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.machine import Machine, Mount

LOG_LINES, PROCESSES = 40, 200
UNITS = (
    *("o2cb.service", "ocfs2.service", "multipathd.service", "iscsid.service"),
    *("open-iscsi.service", "iscsi.service"),
    *("firewalld.service", "nftables.service"),
)
STARTED = "/etc/systemd/system/multi-user.target.wants"
# Who tells the stack its protocol of locks: ocfs2 itself, or dlmfs, which o2cb mounts.
PROTOCOL_MODULES = frozenset({"ocfs2", "ocfs2_dlmfs"})


def live(machine: Machine, _: Request) -> Rows:
    """configfs; nothing but the stack without a registered cluster."""
    running = machine.running
    yield row("stack", "o2cb" if running.loaded & STACK_MODULES else "-")
    if running.loaded & PROTOCOL_MODULES:
        yield row("locking", machine.setup.locking)
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
    linked = [node.name for node in cluster.nodes.values() if is_linked(machine, node)]
    yield row("links", "".join(f"{name}," for name in sorted(linked)) or "-")
    volumes = {mount.fs.region: mount.device.name for mount in running.mounts}
    for region in sorted(volumes):
        yield row("region", cluster.name, region, volumes[region])
    for region in sorted(volumes):
        yield row("domain", region)


def services(machine: Machine, request: Request) -> Rows:
    """The units that matter; a mask hides what there is, also whether it is enabled."""
    for name in dict.fromkeys((*UNITS, *request.units)):
        unit = machine.units.get(name, Unit())
        masked, enabled = machine.is_masked(name), unit.enabled
        load = "masked" if masked else "loaded" if name in machine.units else "not-found"
        word = "enabled" if enabled and not masked else "disabled"
        yield row("unit", name, load, unit.active, unit.sub, word)
    for name in dict.fromkeys((*UNITS, *request.units)):
        if name in machine.units and not machine.is_masked(name):
            yield row("boot", name, *_link(machine, name))
            unit = machine.units[name]
            # What nothing wants systemd may have forgotten.
            if unit.since_boot == "ran" or (unit.active == "inactive" and unit.enabled):
                yield row("since", name, unit.since_boot)


def _link(machine: Machine, name: str) -> tuple[int, str]:
    """When the unit's link was made; of one that has none, when one of them was made or taken away."""
    if machine.units[name].enabled:
        return machine.units[name].linked, f"{STARTED}/{name}"
    return max(unit.linked for unit in machine.units.values()), STARTED


def mounts(machine: Machine, request: Request) -> Rows:
    """PID 1's mounts and what statfs says of them, then what only other namespaces show."""
    own = [mount for mount in machine.running.mounts if mount.pid == 1]
    others = [mount for mount in machine.running.mounts if mount.pid != 1]
    waiting = [path for path in request.paths if machine.waits_at(path)]
    yield from (_other(machine, path) for path in waiting)  # beneath what it mounts
    yield from map(_mount, own)
    for mount in (m for m in own if m.path in request.sizes):
        yield row("size", _escape(mount.path), mount.fs.size, mount.fs.size - mount.fs.used)
    yield from map(_mount, sorted(others, key=lambda mount: mount.pid))
    for path in request.paths:
        if path in machine.running.others and path not in waiting:
            yield _other(machine, path)


def _other(machine: Machine, path: str) -> str:
    return row("other", _escape(path), *machine.running.others[path])


def _mount(mount: Mount) -> str:
    device, options = mount.device, ",".join(mount.options)
    return row("mount", _escape(mount.path), device.node, device.number, options, mount.pid)


def _escape(path: str) -> str:
    """As mountinfo has it (fs/seq_file.c, mangle_path)."""
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in path)


def processes(machine: Machine, request: Request) -> Rows:
    """Those that use something under an ocfs2 mount."""
    seen = [mount.path for mount in machine.running.mounts if mount.pid == 1]
    asked = any(_is_run(machine, listing.split("\n")[1:]) for listing in request.guests)
    users = dict.fromkeys(user for path in seen for user in holders(machine, path))
    for pid, command, path, unit, guest in list(users)[:PROCESSES]:
        told = guest if asked else ""  # only of those that it is to list
        yield row("proc", pid, command, path, unit or "-", told or "-")


def guests(machine: Machine, request: Request) -> Rows:
    """Those that each approved list command prints, or that libvirt has on the path."""
    unapproved = []
    for listing in request.guests:
        path, *words = listing.split("\n")
        if not _is_run(machine, words):
            unapproved.append(path)
            continue
        for name in hypervisor.list_guests(machine, tuple(words), path):
            lasts = bool(words) or not machine.world.guests[name].transient
            yield row("guest", path, name, "yes" if lasts else "no")
    for path in unapproved:
        yield row("unapproved", path)


def _is_run(machine: Machine, words: list[str]) -> bool:
    """libvirt is asked in any case, a command of the operator's once it is approved."""
    return not words or hypervisor.is_approved(machine, tuple(words))


def log(machine: Machine, _: Request) -> Rows:
    """The last kernel messages about the cluster."""
    lines = (*machine.running.log, *doubled_blocks(machine))
    for line in lines[-LOG_LINES:]:
        yield row("log", line)

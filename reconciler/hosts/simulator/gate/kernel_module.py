"""The verb for the module that a package has replaced: out of the kernel, and in again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.kernel import modprobe
from reconciler.hosts.simulator.state.reply import Reply, refusal

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call


def reload(call: Call) -> Reply:
    """Takes the modules out of an idle kernel, and loads what is installed."""
    machine = call.machine
    if machine.setup.kernel != call.args[0]:
        raise refusal("changed-since", f"{machine.setup.kernel} runs, not {call.args[0]}")
    if machine.running.mounts:
        raise refusal("module-in-use", "ocfs2 is mounted, see /proc/1/mountinfo")
    if machine.running.live:
        raise refusal("module-in-use", f"cluster {machine.running.live.name} is online")
    stuck = machine.packaging.stuck
    if stuck in machine.running.loaded:
        why = f"{stuck} is used 1 times by others than modules of ocfs2"
        raise refusal("module-in-use", why)
    machine.running.loaded.clear()
    machine.record("modules-unloaded", machine.setup.hostname)
    return replace(modprobe.load(machine, "ocfs2"), stdout="ok reloaded ocfs2\n", seconds=3.0)

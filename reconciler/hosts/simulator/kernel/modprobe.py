"""modprobe: the ocfs2 modules, with what each one brings along."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.reply import Failed, Reply, refused

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.machine import Machine

NEEDS = {
    "ocfs2_nodemanager": (),
    "ocfs2": ("ocfs2_nodemanager",),
    "ocfs2_dlm": ("ocfs2_nodemanager",),
    "ocfs2_stack_o2cb": ("ocfs2_nodemanager", "ocfs2_dlm"),
    "ocfs2_dlmfs": ("ocfs2_nodemanager", "ocfs2_dlm"),
}
MESSAGES = {
    "ocfs2_stack_o2cb": "ocfs2: Registered cluster interface o2cb",
    "ocfs2_dlmfs": "OCFS2 User DLM kernel interface loaded",
}


def reload(call: Call) -> Reply:
    """Takes the modules out of an idle kernel, and loads what is installed."""
    machine = call.machine
    if machine.setup.kernel != call.args[0]:
        raise refused("changed-since", f"{machine.setup.kernel} runs, not {call.args[0]}")
    if machine.running.mounts:
        raise refused("module-in-use", "ocfs2 is mounted, see /proc/1/mountinfo")
    if machine.running.live:
        raise refused("module-in-use", f"cluster {machine.running.live.name} is online")
    stuck = machine.packaging.stuck
    if stuck in machine.running.loaded:
        why = f"{stuck} is used 1 times by others than modules of ocfs2"
        raise refused("module-in-use", why)
    machine.running.loaded.clear()
    machine.record("modules-unloaded", machine.setup.hostname)
    return replace(load(machine, "ocfs2"), stdout="ok reloaded ocfs2\n", seconds=3.0)


def load(machine: Machine, module: str) -> Reply:
    """Loads a module and its dependencies; Failed when the kernel has none."""
    if not machine.setup.module:
        where = f"/lib/modules/{machine.setup.kernel}"
        raise Failed(1, f"modprobe: FATAL: Module {module} not found in directory {where}")
    if module not in machine.running.loaded:
        if module in MESSAGES:
            machine.log(MESSAGES[module])
        for name in {module, *NEEDS[module]} - machine.running.loaded:
            machine.running.builds[name] = machine.setup.module_build
        machine.running.loaded |= {module, *NEEDS[module]}
        machine.record("module-loaded", module)
    return Reply()

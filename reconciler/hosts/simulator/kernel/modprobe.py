"""modprobe: the ocfs2 modules, with what each one brings along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.reply import Failed, Reply

if TYPE_CHECKING:
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

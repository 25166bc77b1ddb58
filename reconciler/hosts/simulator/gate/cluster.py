"""The verb for the running cluster, and what keeps it from being stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.reply import Reply, refusal, tool_failure

if TYPE_CHECKING:
    from reconciler.hosts.simulator.gate.call import Call
    from reconciler.hosts.simulator.state.machine import Machine

U32 = (1 << 32) - 1


def refuse_use(machine: Machine) -> None:
    """The cluster is stopped only where no mount needs it, in whatever namespace."""
    for found in machine.running.mounts:
        where = f"/proc/{found.pid}/mountinfo"
        raise refusal("cluster-in-use", f"OCFS2 is mounted, see {where}")


def set_live(call: Call) -> Reply:
    """Writes an attribute of the running cluster; the kernel takes 1 and more, as u32."""
    name, key, value = call.args
    running = call.machine.running.live
    if running is None or running.name != name:
        raise tool_failure("live-refused", f"{name} is not online", 0.1)
    if not 0 < int(value) < U32:
        now = f"{key} is {getattr(running, key)}, not {value}"
        raise tool_failure("live-refused", f"{now}: Invalid argument", 0.1)
    setattr(running, key, int(value))
    call.machine.record("live-set", f"{key} {value}")
    return Reply(stdout=f"ok set {key}\n")

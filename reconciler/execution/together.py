"""Which actions are sent to a host together; no I/O.

They are ready there at the same time, so none of them needs another. What each requires, its gate
checks by itself just before: a file that it writes still is the one that was seen.
"""

from __future__ import annotations

from reconciler.execution.machine import Run
from reconciler.model.gate_call import GateCall, gate_call
from reconciler.model.plan import Action

# The verb whose gate compares the file before it writes it, and the readings of such a file.
WRITE = "write-file"
FILES = frozenset({"cluster-conf", "o2cb-config", "fstab", "drop-in"})
# What loads a module may be done at any time, and again.
LOAD = ("modprobe", "ocfs2")


def companions(run: Run, action: Action) -> tuple[Action, ...]:
    """The actions that may be sent with one that is about to start, in the order of the plan."""
    if not action.host or not _is_checked_there(action):
        return ()
    others = (one for one in run.next_open(action.host) if one.id != action.id)
    return tuple(one for one in others if _is_checked_there(one))


def _is_checked_there(action: Action) -> bool:
    """Whether its gate checks by itself all that it rests on."""
    call = gate_call(action.command.argv) if action.command else None
    if call is None or action.unless or action.irreversible:
        return False
    return _writes(call, action) or (_loads(call) and not action.requires)


def _writes(call: GateCall, action: Action) -> bool:
    return call.verb == WRITE and all(fact.reading in FILES for fact in action.requires)


def _loads(call: GateCall) -> bool:
    return call.verb == "do" and call.arguments == LOAD

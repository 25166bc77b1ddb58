"""What every step is made of: a maker of the commands that a person types for an action."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.model.gate_call import GateCall, gate_call
from reconciler.model.plan import Action
from reconciler.reports.runbook.references import Places, shell

Commands = tuple[str, ...]
Maker = Callable[[Action, Places], Commands]


def arguments(action: Action) -> tuple[str, ...]:
    """The arguments of the gate's verb."""
    call = find_gate_call(action)
    return call.arguments if call else ()


def find_gate_call(action: Action) -> GateCall | None:
    """What the gate is asked to do; None for a command that is none of its verbs."""
    return gate_call(action.command.argv) if action.command else None


def node(action: Action) -> str:
    """The device that the gate is asked to touch."""
    call = find_gate_call(action)
    return call.target.node if call and call.target else ""


def plainly(action: Action, _places: Places) -> Commands:
    """The command itself: the operator's own, or what the gate does as it is."""
    if action.command is None:
        return ()
    return (shell(*(arguments(action) or action.command.argv)),)

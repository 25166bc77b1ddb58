"""What every step is made of: a maker of the commands that a person types for an action."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.model.plan import TRAVELLING, Action
from reconciler.reports.runbook.places import Places, shell

Commands = tuple[str, ...]
Maker = Callable[[Action, Places], Commands]


def arguments(action: Action) -> tuple[str, ...]:
    """The arguments of the gate's verb."""
    return action.command.argv[5:] if action.command else ()


def plainly(action: Action, _places: Places) -> Commands:
    """The command itself: the operator's own, or what the gate does as it is."""
    if action.command is None:
        return ()
    argv = action.command.argv
    words = argv[5:] if argv[3:4] in TRAVELLING else argv
    return (shell(*words),)

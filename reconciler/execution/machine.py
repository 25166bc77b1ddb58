"""The run's state machine: events in, ready actions out; no I/O and no clock.

One action at a time on a host, any number of hosts at once. After the first failure
nothing new starts: what runs is drained, never cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.model.plan import Action

State = Literal["pending", "running", "done", "failed"]
Event = Literal["start", "succeed", "fail"]

NEXT: Mapping[tuple[State, Event], State] = {
    ("pending", "start"): "running",
    ("running", "succeed"): "done",
    ("running", "fail"): "failed",
}


@dataclass(frozen=True, slots=True)
class Run:
    """Where every action of a cluster's plan stands; ``draining`` starts nothing more."""

    actions: tuple[Action, ...]
    states: Mapping[str, State]
    draining: bool = False


def begin(actions: Sequence[Action]) -> Run:
    """A run in which nothing has started."""
    return Run(tuple(actions), {action.id: "pending" for action in actions})


def step(run: Run, action: str, event: Event) -> Run:
    """The run after ``event``; KeyError when the event cannot happen in that state."""
    state = NEXT[run.states[action], event]
    draining = run.draining or state == "failed"
    return replace(run, states={**run.states, action: state}, draining=draining)


def drain(run: Run) -> Run:
    """The run with nothing more to be started."""
    return replace(run, draining=True)


def ready(run: Run) -> tuple[Action, ...]:
    """The actions that may start now, at most one per host, in plan order."""
    if run.draining:
        return ()
    busy = {a.host for a in run.actions if run.states[a.id] == "running" and a.host}
    found: list[Action] = []
    for action in run.actions:
        if run.states[action.id] != "pending" or action.host in busy:
            continue
        if all(run.states[need] == "done" for need in action.needs):
            found.append(action)
            busy |= {action.host} - {""}
    return tuple(found)


def running(run: Run) -> tuple[str, ...]:
    """The ids of the actions that have started and not ended."""
    return tuple(a.id for a in run.actions if run.states[a.id] == "running")

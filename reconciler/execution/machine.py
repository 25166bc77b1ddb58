"""The run's state machine: events in, ready actions out; no I/O and no clock.

One action at a time on a host, or some that are sent together, any number of hosts at once. After the first failure
nothing new starts: what runs is drained, never cancelled. An event costs what it changes: nobody
walks over all actions for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappush
from typing import Literal

from reconciler.model.plan import Action

State = Literal["pending", "running", "done", "failed"]
Event = Literal["start", "join", "succeed", "fail"]

NEXT: Mapping[tuple[State, Event], State] = {
    ("pending", "start"): "running",
    ("pending", "join"): "running",
    ("running", "succeed"): "done",
    ("running", "fail"): "failed",
}


@dataclass(slots=True)
class Run:
    """Where every action of a cluster's plan stands; ``draining`` starts nothing more.

    Only `step` changes it. ``missing`` says by id how many of an action's needs are not done,
    ``unbegun`` how many of them have not started. A row of ``open`` has the places in the plan of
    all that could start on a host, were it not ``busy``; an action of no host has its own row.
    """

    actions: tuple[Action, ...]
    states: dict[str, State]
    places: Mapping[str, int]
    draining: bool = False
    missing: dict[str, int] = field(default_factory=dict)
    unbegun: dict[str, int] = field(default_factory=dict)
    needy: dict[str, list[int]] = field(default_factory=dict)
    open: dict[str, list[int]] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)
    busy: Counter[str] = field(default_factory=Counter)

    def dependents(self, name: str) -> tuple[Action, ...]:
        """The actions that need this one."""
        return tuple(self.actions[place] for place in self.needy.get(name, ()))

    def next_open(self, host: str) -> tuple[Action, ...]:
        """Those that could start on a host, were it not busy, in the order of the plan."""
        return tuple(self.actions[place] for place in sorted(self.open.get(host, ())))


def begin(actions: Sequence[Action]) -> Run:
    """A run in which nothing has started. KeyError for a need that is no action of it."""
    states: dict[str, State] = {action.id: "pending" for action in actions}
    run = Run(tuple(actions), states, {action.id: n for n, action in enumerate(actions)})
    for place, action in enumerate(run.actions):
        run.missing[action.id] = run.unbegun[action.id] = len(action.needs)
        for need in action.needs:
            run.needy.setdefault(run.actions[run.places[need]].id, []).append(place)
        _open_if_due(run, place)
    return run


def step(run: Run, name: str, event: Event) -> None:
    """``event`` happens to an action; KeyError when it cannot happen now.

    Who joins starts on a host where another one has just started, and is sent together with it.
    """
    state, place = NEXT[run.states[name], event], run.places[name]
    row = _row(run.actions[place])
    if state == "running":
        if place not in run.open.get(row, ()) or (event == "start") == (run.busy[row] > 0):
            raise KeyError(name)
        run.open[row].remove(place)
        heapify(run.open[row])
        run.busy[row] += 1
        run.free.discard(row)
    else:
        run.busy[row] -= 1
        if run.open.get(row) and not run.busy[row]:
            run.free.add(row)
    run.states[name] = state
    run.draining = run.draining or state == "failed"
    _open_if_due(run, place)
    counts = {"running": run.unbegun, "done": run.missing}.get(state, {})
    for other in run.needy.get(name, ()) if counts else ():
        counts[run.actions[other].id] -= 1
        _open_if_due(run, other)


def _row(action: Action) -> str:
    return action.host or action.id


def _open_if_due(run: Run, place: int) -> None:
    """An action that is pending could start from the moment on in which nothing is missing."""
    action, row = run.actions[place], _row(run.actions[place])
    if run.states[action.id] != "pending" or run.missing[action.id]:
        return
    heappush(run.open.setdefault(row, []), place)
    if not run.busy[row]:
        run.free.add(row)


def drain(run: Run) -> None:
    """Nothing more is to be started."""
    run.draining = True


def ready(run: Run) -> tuple[Action, ...]:
    """The actions that may start now, at most one per host, in plan order."""
    if run.draining:
        return ()
    return tuple(run.actions[place] for place in sorted(run.open[row][0] for row in run.free))


def running(run: Run) -> tuple[str, ...]:
    """The ids of the actions that have started and not ended."""
    return tuple(a.id for a in run.actions if run.states[a.id] == "running")

"""What a test meets: refusals where they are said, edges that order, facts that are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import reconciler
from reconciler.execution import executor
from reconciler.hosts.simulator.state import reply
from reconciler.model import outcome
from reconciler.model.plan import Action, ClusterPlan
from reconciler.planning import graph, order, planner
from reconciler.planning.checks import rehearsal
from tests.mutants import gate_parts

PRODUCT = str(Path(reconciler.__file__).parent) + "/"
met: set[str] = set()


def taken() -> frozenset[str]:
    """All that was met since the last time."""
    found = gate_parts.noted_refusals() | met
    met.clear()
    return found


def watch() -> None:
    """From here on it is noted; for the rest of this process."""
    _watch_refusals()
    _watch_edges()
    _watch_facts()
    _watch_refused()
    _watch_targets()
    gate_parts.note_refusals()


def line(file: str, number: int) -> str:
    """A line of the product's code, as ``planning/turns.py:12``."""
    return f"{file}:{number}"


def edge(kind: str, need: str, scope: Callable[..., bool]) -> str:
    """An edge of the order, where no other one says the same."""
    return f"{kind} after {need}, {scope.__name__.strip('_').replace('_', ' ')}"


def asks(kind: str, reading: str) -> str:
    """A fact that actions of a kind require."""
    return f"{kind} asks {reading}"


def lacks(kind: str, reading: str) -> str:
    """Such a fact, which did not hold."""
    return f"{kind} lacks {reading}"


def plans(kind: str) -> str:
    """An action of a kind."""
    return f"plans {kind}"


def refuses(kind: str) -> str:
    """A command of an action of a kind, which its host has refused."""
    return f"refused {kind}"


def aims(kind: str) -> str:
    """An action of a kind, in a plan of which targets choose a part."""
    return f"aims at a plan with {kind}"


def says(code: str) -> str:
    """A code that somebody is told."""
    return f"says {code}"


def _watch_refusals() -> None:
    require, fail = outcome.require_declared, reply.Failed.__init__

    def require_declared(code: str) -> Any:
        met.add(says(code))
        met.update(_lines(sys._getframe(1)))
        return require(code)

    def failed(self: Any, status: int, stderr: str, *more: Any) -> None:
        met.update(_lines(sys._getframe(1)))
        fail(self, status, stderr, *more)

    outcome.require_declared = require_declared
    reply.Failed.__init__ = failed  # type: ignore[method-assign]


def _lines(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(PRODUCT):
            yield line(file.removeprefix(PRODUCT), frame.f_lineno)
        frame = frame.f_back


def _watch_edges() -> None:
    reduce = graph.reduce

    def reduced(needs: Any) -> Any:
        found = reduce(needs)
        caller = sys._getframe(1)
        if caller.f_code is order.link.__code__:
            by_id = {action.id: action for action in caller.f_locals["actions"]}
            for name, earlier in found.items():
                for other in earlier:
                    met.update(_edges(by_id[name], by_id[other]))
        return found

    graph.reduce = reduced  # type: ignore[assignment]


def _edges(second: Action, first: Action) -> Iterator[str]:
    for kind, need, scope in order.ORDER:
        if (second.kind, first.kind) == (kind, need) and scope(first, second):
            yield edge(kind, need, scope)


def with_each_action(do: Callable[[Action], None]) -> None:
    """From here on something is done with every action as it is made."""
    Action("", "mount", "", "", "", "", "safe", None, ())  # the first one compiles the method
    make = Action.__init__

    def make_action(self: Action, *given: Any, **named: Any) -> None:
        make(self, *given, **named)
        do(self)

    Action.__init__ = make_action  # type: ignore[method-assign]


def _meet_action(action: Action) -> None:
    met.add(plans(action.kind))
    met.update(asks(action.kind, fact.reading) for fact in action.requires)


def _watch_facts() -> None:
    with_each_action(_meet_action)
    for module in (executor, rehearsal):
        module.unmet = _watched(module.unmet)  # type: ignore[attr-defined]


def _watched(unmet: Callable[..., Sequence[str]]) -> Callable[..., Sequence[str]]:
    def look(facts: Sequence[Any], *more: Any) -> Sequence[str]:
        why = unmet(facts, *more)
        action = sys._getframe(1).f_locals.get("action")
        if why and action is not None:
            for fact in facts:
                if fact in action.requires and unmet((fact,), *more):
                    met.add(lacks(action.kind, fact.reading))
        return why

    return look


def _watch_refused() -> None:
    ask = executor.is_own

    def is_own(kind: Any) -> bool:
        met.add(refuses(kind))
        return ask(kind)

    executor.is_own = is_own


def _watch_targets() -> None:
    restrict = planner.restrict_plan

    def restrict_plan(plan: ClusterPlan, targets: Sequence[str]) -> ClusterPlan:
        if targets:
            met.update(aims(action.kind) for action in plan.actions)
        return restrict(plan, targets)

    planner.restrict_plan = restrict_plan

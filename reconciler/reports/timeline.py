"""When each action of a plan would run, by its estimates: what waits for what, and outages."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from reconciler.frozen import frozen
from reconciler.model.plan import Action
from reconciler.planning import graph
from reconciler.planning.review.outages import GIVING_KINDS, is_outage

# The least that an action takes: all hosts are looked at after it.
LOOK = 2.0


@frozen
class Bar:
    """An action from ``start`` to ``end``, seconds since the run began."""

    action: Action
    start: float
    end: float


@frozen
class Window:
    """A host without something that was in use; ``ended`` by the plan, or left open."""

    host: str
    start: float
    end: float
    ended: bool


def timeline(actions: Sequence[Action]) -> tuple[Bar, ...]:
    """When each action starts: as early as its needs and its host, which does one at a time.

    Bars are in the order of their start, then of the plan.
    """
    waiting = {a.id: {n for n in a.needs if n != a.id} for a in actions}
    known = set(waiting)
    after: dict[str, list[int]] = {}
    for place, action in enumerate(actions):
        waiting[action.id] &= known
        for need in waiting[action.id]:
            after.setdefault(need, []).append(place)
    ready = [(0.0, place) for place, a in enumerate(actions) if not waiting[a.id]]
    free: dict[str, float] = {}
    found: list[Bar] = []
    while ready:
        start, place = heappop(ready)
        action = actions[place]
        if start < (idle := free.get(action.host, 0.0)):
            heappush(ready, (idle, place))
            continue
        end = start + max(action.seconds, LOOK)
        found.append(Bar(action, start, end))
        if action.host:
            free[action.host] = end
        for later in after.get(action.id, ()):
            waiting[actions[later].id].discard(action.id)
            if not waiting[actions[later].id]:
                heappush(ready, (end, later))
    return tuple(found)


def windows(bars: Sequence[Bar]) -> tuple[Window, ...]:
    """From the first action that takes something from a host to the last that gives it back."""
    end = max((bar.end for bar in bars), default=0.0)
    found: list[Window] = []
    for host in dict.fromkeys(bar.action.host for bar in bars if bar.action.host):
        found += _windows(host, [bar for bar in bars if bar.action.host == host], end)
    return tuple(found)


def _windows(host: str, bars: Sequence[Bar], last: float) -> list[Window]:
    found: list[Window] = []
    start: float | None = None
    back: float | None = None
    for bar in sorted(bars, key=lambda bar: bar.start):
        if is_outage(bar.action):
            if start is not None and back is not None:
                found.append(Window(host, start, back, ended=True))
                start = None
            start, back = bar.start if start is None else start, None
        elif bar.action.kind in GIVING_KINDS and start is not None:
            back = bar.end
    if start is not None:
        found.append(Window(host, start, last if back is None else back, back is not None))
    return found


@frozen
class Stage:
    """What a host does in a row without waiting for another; a barrier stands alone.

    ``needs`` are the places, in the tuple of all, of the stages that come just before.
    """

    host: str
    actions: tuple[Action, ...]
    needs: tuple[int, ...]


def stages(bars: Sequence[Bar]) -> tuple[Stage, ...]:
    """The actions as few stages, which never wait for each other in a circle.

    An action's level counts how often the way to it changes the host: what needs another
    stage has a higher level.
    """
    names: dict[str, str] = {}  # of an action, its stage
    levels: dict[str, int] = {}
    current: dict[str, str] = {}  # of a host, the stage that it is in
    parts: dict[str, list[Action]] = {}
    needs: dict[str, set[str]] = {}
    for bar in bars:
        action = bar.action
        given = [names[need] for need in action.needs if need in names]
        own = current.get(action.host, "") if action.host else ""
        level = max([levels[name] + (name != own) for name in (*given, own) if name], default=0)
        name = own if own and levels[own] == level else action.id
        names[action.id] = current[action.host] = name
        levels[name] = level
        parts.setdefault(name, []).append(action)
        needs.setdefault(name, set()).update({*given, own} - {name, ""})
    reduced = graph.reduce({name: frozenset(found) for name, found in needs.items()})
    places = {name: place for place, name in enumerate(parts)}
    return tuple(
        Stage(found[0].host, tuple(found), tuple(sorted(places[n] for n in reduced[name])))
        for name, found in parts.items()
    )

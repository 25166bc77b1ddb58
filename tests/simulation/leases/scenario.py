"""What befalls whom in a history: plain data, all of it from a seed.

Nothing else decides how a history goes, so it can be played again, and again without some of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.simulation.leases.recording import recorded_plans

# Steps of a plan that are left when a history begins, at most: the rest was done before.
LEFT = 18
HOSTS = 5
COMMANDS = 1000
# How a message fares, by the controller's count of those that it has sent.
MESSAGE = ("late", "lost", "unheard", "doubled", "overtaken")
# What befalls a controller when it has sent so many.
CONTROLLER = ("stunned", "killed", "stopped", "fails")
# What befalls a host, or what an operator does there, at a second.
HOST = ("frozen", "frozen with its clock", "reboots", "pause", "garbled")
OPERATOR = (
    "unlock",
    "unlock",
    "types a command",
    "types free",
    "types old seal",
    "types old free",
    "types old renewal",
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """``who`` is a controller or a place; ``at`` a message or a second; ``seconds`` how long.

    Messages are counted by controller, from ``COMMANDS`` on those of them that begin something.
    """

    kind: str
    who: str
    at: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Part:
    """A controller and its file: a recorded plan of hosts that are ``shift`` further on.

    It ``begins`` at that second, and ``done`` steps of the plan were done before. While another
    run has a lease it asks again for ``patience`` seconds.
    """

    controller: str
    plan: str
    shift: int
    done: int
    begins: float
    patience: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """A history before it is played; ``pace`` picks how long messages and commands take."""

    pace: int
    parts: tuple[Part, ...]
    troubles: tuple[Trouble, ...]


def scenario_of(seed: int) -> Scenario:
    """The scenario that a seed gives."""
    chance = Random(seed)  # noqa: S311  # a seed, so that it is the same again
    parts = _parts(chance)
    troubles = tuple(_trouble(chance, parts) for _ in range(chance.choice((1, 2, 3, 4, 6, 9))))
    return Scenario(chance.randrange(1 << 16), parts, troubles)


def _parts(chance: Random) -> tuple[Part, ...]:
    """One file, two files of the same hosts, of hosts some of which are the same, of one storage."""
    plans = recorded_plans()
    kind, count = chance.random(), chance.choice((1, 2, 2, 2, 3))
    if kind < 0.08:
        pairs = [("shared-storage-one", 0), ("shared-storage-two", 0)] * 2
    elif kind < 0.45:
        pairs = [(chance.choice(list(plans)), 0)] * count
    elif kind < 0.6:
        pairs = [(chance.choice(list(plans)), 0) for _ in range(count)]
    else:
        pairs = [(chance.choice(list(plans)), chance.randrange(3)) for _ in range(count)]
    parts = []
    for number, (plan, shift) in enumerate(pairs[:count]):
        steps = len(plans[plan].steps)
        same = next((p for p in parts if (p.plan, p.shift) == (plan, shift)), None)
        done = same.done if same else chance.randint(max(0, steps - LEFT), max(0, steps - 4))
        begins = chance.choice((0.0, 0.3, 3.0, 25.0)) if number else 0.0
        patience = chance.choice((2.0, 2.0, 45.0))
        parts.append(Part("abc"[number], plan, shift, done, begins, patience))
    return tuple(parts)


def _trouble(chance: Random, parts: tuple[Part, ...]) -> Trouble:
    kinds = chance.choices((MESSAGE, CONTROLLER, HOST, OPERATOR), (6, 3, 3, 2))[0]
    kind = chance.choice(kinds)
    part = chance.choice(parts)
    if kinds in (MESSAGE, CONTROLLER):
        number = chance.choice((chance.randrange(70), COMMANDS + chance.randrange(12)))
        return Trouble(kind, part.controller, number, _seconds(chance, kind))
    if kind == "unlock":
        second = chance.randrange(chance.choice((5, 60)))
        return Trouble(kind, part.controller, second, round(chance.uniform(0.2, 15), 2))
    place = shift_place(chance.choice(recorded_plans()[part.plan].places), part.shift)
    second = chance.randrange(chance.choice((25, 60)))
    return Trouble(kind, place, second, _seconds(chance, kind))


def _seconds(chance: Random, kind: str) -> float:
    most = SECONDS.get(kind, 0.0)
    return round(chance.choice((0.05, 0.3, 1.0)) * most * chance.random(), 2)


SECONDS = {
    "late": 300.0,
    "doubled": 300.0,
    "stunned": 400.0,
    "killed": 20.0,
    "frozen": 250.0,
    "frozen with its clock": 250.0,
    "reboots": 30.0,
    "pause": 120.0,
}


def shift_place(place: str, shift: int) -> str:
    """The word of the place that is so many hosts further on; a storage host stays itself."""
    if not shift or not place.startswith("node"):
        return place
    return f"node{(int(place[4:6]) - 1 + shift) % HOSTS + 1:02}{place[6:]}"

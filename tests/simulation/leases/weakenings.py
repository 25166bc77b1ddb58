"""The table and the runs, each row and each effect of them weakened: no history may bear it.

What is weaker in each is said by its name. ``product`` has none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from reconciler.gate.lease_decision import (
    EFFECTS,
    REFUSALS,
    Acquire,
    Act,
    Answer,
    Free,
    Lease,
    Moment,
    Renew,
    Request,
    Seal,
    Unlock,
    decide,
)
from tests.simulation.leases.world import Protocol

Effect = Callable[[Lease, Moment, Any], Lease]
# What a row reads where its code alone does not tell it.
READS = {0: "its token", 1: "the seal"}


def weakenings() -> Mapping[str, Protocol]:
    """All of them, by name."""
    return dict(
        [*_without_a_row(), *_with_another_effect(), *_with_other_answers(), *RUNS.items()]
    )


def _without_a_row() -> Iterator[tuple[str, Protocol]]:
    for kind, rows in REFUSALS.items():
        for place, (code, _) in enumerate(rows):
            rest = (*rows[:place], *rows[place + 1 :])
            twice = [row[0] for row in rows].count(code) > 1
            name = f"{kind.__name__} without {code}" + (f" ({READS[place]})" if twice else "")
            yield name, Protocol(partial(decide, refusals={**REFUSALS, kind: rest}))


def _with_another_effect() -> Iterator[tuple[str, Protocol]]:
    for kind, weaker in WEAKER.items():
        for name, effect in weaker.items():
            effects = {**EFFECTS, kind: partial(effect, EFFECTS[kind])}
            yield f"{kind.__name__} {name}", Protocol(partial(decide, effects=effects))


def _keeping(*names: str) -> Callable[..., Lease]:
    """The effect, but for these fields."""

    def effect(whole: Effect, lease: Lease, now: Moment, ask: Any) -> Lease:
        return replace(whole(lease, now, ask), **{name: getattr(lease, name) for name in names})

    return effect


def _only_asked(whole: Effect, lease: Lease, now: Moment, ask: Acquire) -> Lease:
    return replace(whole(lease, now, ask), hosts=ask.hosts)


def _nothing(_whole: Effect, lease: Lease, _now: Moment, _ask: Request) -> Lease:
    return lease


def _as_free(_whole: Effect, lease: Lease, now: Moment, ask: Request) -> Lease:
    return EFFECTS[Free](lease, now, ask)


def _forgets_all(_whole: Effect, _lease: Lease, _now: Moment, _ask: Request) -> Lease:
    return Lease()


WEAKER: Mapping[type[Request], Mapping[str, Callable[..., Lease]]] = {
    Acquire: {
        "has no effect": _nothing,
        "raises no token": _keeping("token"),
        "notes no run": _keeping("run"),
        "notes no holder": _keeping("holder"),
        "notes no hosts": _keeping("hosts"),
        "forgets the hosts of whoever had it": _only_asked,
        "keeps the seal": _keeping("sealed"),
        "keeps the last step": _keeping("step"),
        "keeps the last action": _keeping("action", "began"),
        "notes no time": _keeping("renewed"),
        "notes no boot": _keeping("boot"),
    },
    Renew: {
        "has no effect": _nothing,
        "notes no time": _keeping("renewed"),
        "notes no boot": _keeping("boot"),
    },
    Seal: {"has no effect": _nothing, "frees": _as_free},
    Free: {
        "has no effect": _nothing,
        "forgets the token": _forgets_all,
        "keeps the hosts": _keeping("hosts"),
    },
    Unlock: {"has no effect": _nothing, "frees": _as_free},
    Act: {
        "has no effect": _nothing,
        "notes no step": _keeping("step"),
        "notes no action": _keeping("action"),
        "notes no boot of the action": _keeping("began"),
        "renews nothing": _keeping("boot", "renewed"),
    },
}


def _with_other_answers() -> Iterator[tuple[str, Protocol]]:
    def silent(lease: Lease, now: Moment, ask: Request) -> Answer:
        return replace(decide(lease, now, ask), displaced=())

    def silent_to_itself(lease: Lease, now: Moment, ask: Request) -> Answer:
        answer = decide(lease, now, ask)
        return replace(answer, displaced=() if lease.run == ask.run else answer.displaced)

    def noting_refusals(lease: Lease, now: Moment, ask: Request) -> Answer:
        answer = decide(lease, now, ask)
        touched = replace(lease, renewed=now.uptime, boot=now.boot)
        return Answer(answer.code, touched) if answer.code else answer

    yield "the displaced are not told", Protocol(silent)
    yield "the displaced are not told again", Protocol(silent_to_itself)
    yield "a refusal renews", Protocol(noting_refusals)


RUNS = {
    "a run does not confirm": Protocol(confirms=False),
    "a run does not heed whom it displaced": Protocol(heeds_displaced=False),
    "a run does not ask all again when its list has grown": Protocol(asks_all_again=False),
    "a run that gives up forgets whom it displaced": Protocol(keeps_displaced=False),
    "a run frees what is not sealed everywhere": Protocol(seals_all=False),
    "a run sends commands on old facts": Protocol(fresh=10**6),
    "a run does not say which boot it saw": Protocol(heeds_boots=False),
    "a run takes what was lost for done": Protocol(believes=True),
    "a run takes what failed for done": Protocol(drains=False),
    "a run does not keep the plan's order": Protocol(orders=False),
    "a run does what is done": Protocol(plans_anew=False),
}

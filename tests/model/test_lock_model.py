"""No history of the lock is wrong; each weaker protocol has one that is, and it is found."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from reconciler.gate.lease_decision import (
    BUSY,
    CLOSED,
    EFFECTS,
    LOST,
    REFUSALS,
    REPEATED,
    Acquire,
    Answer,
    Free,
    Lease,
    Moment,
    Request,
    Row,
    Seal,
    Unlock,
    decide,
)
from tests.model.__main__ import look_at
from tests.model.configurations import EACH_TIME, Configuration
from tests.model.exhaustion import has_compiler
from tests.model.lock_model import Protocol
from tests.model.search import Search, Verdict


def without(*rows: Row) -> Protocol:
    """The table without these rows."""
    kept = {kind: tuple(r for r in found if r not in rows) for kind, found in REFUSALS.items()}
    return Protocol(partial(decide, refusals=kept))


def instead(old: Row, new: Row) -> Protocol:
    changed = {
        kind: tuple(new if row == old else row for row in rows)
        for kind, rows in REFUSALS.items()
    }
    return Protocol(partial(decide, refusals=changed))


def doing(kind: type[Request], effect: Callable[[Lease, Moment, Any], Lease]) -> Protocol:
    """The table with another effect of a yes."""
    return Protocol(partial(decide, effects={**EFFECTS, kind: effect}))


def the_same_token(lease: Lease, now: Moment, ask: Acquire) -> Lease:
    return replace(EFFECTS[Acquire](lease, now, ask), token=1)


def only_this_list(lease: Lease, now: Moment, ask: Acquire) -> Lease:
    return replace(EFFECTS[Acquire](lease, now, ask), hosts=ask.hosts)


def silent_to_itself(lease: Lease, now: Moment, ask: Request) -> Answer:
    """Whoever asks again is not told whom it displaced before."""
    answer = decide(lease, now, ask)
    return replace(answer, displaced=() if lease.run == ask.run else answer.displaced)


needs_compiler = pytest.mark.skipif(not has_compiler(), reason="it needs a C compiler, cc")


def name_of(configuration: Configuration) -> str:
    return configuration.name


@pytest.mark.parametrize("configuration", EACH_TIME, ids=name_of)
def test_no_history_of_the_lock_is_wrong(configuration: Configuration) -> None:
    """By the faster search where there is a compiler, else by the other one."""
    if has_compiler():
        found = look_at(configuration)
        print(found)
        assert not found["wrong"]
    else:
        verdict = Search(configuration.hosts, configuration.lists).verdict()
        print(f"{verdict.states:,} states")
        assert verdict == Verdict(verdict.states)


@needs_compiler
@pytest.mark.parametrize("configuration", EACH_TIME[:4], ids=name_of)
def test_both_searches_reach_the_same_number_of_states(configuration: Configuration) -> None:
    slow = Search(configuration.hosts, configuration.lists).verdict()
    assert look_at(configuration)["states"] == slow.states


ONE_RUN_ID = instead(LOST, ("lease-lost", lambda lease, _now, ask: lease.run != ask.run))
WEAKER = {
    "no confirming pass": ("ab", ("ab", "ab"), Protocol(confirms=False)),
    "run ids instead of tokens": ("ab", ("ab", "ab"), ONE_RUN_ID),
    "leases on tmpfs": ("ab", ("ab", "ab"), Protocol(keeps_leases=False)),
    "what runs does not count": ("ab", ("ab", "ab"), without(BUSY)),
    "no closure": ("ab", ("ab", "a"), Protocol(heeds_displaced=False)),
    "release in one phase": ("ab", ("ab", "a"), doing(Seal, EFFECTS[Free])),
    "a grant that raises no token": ("ab", ("ab", "ab"), doing(Acquire, the_same_token)),
    "no steps": ("a", ("a", "a"), without(REPEATED)),
    "a seal that closes nothing": ("a", ("a", "a"), without(CLOSED)),
    "the displaced are told once": ("ab", ("ab", "a"), doing(Acquire, only_this_list)),
    "the displaced are not told again": ("ab", ("ab", "a"), Protocol(silent_to_itself)),
    "unlock frees": ("ab", ("ab", "a"), doing(Unlock, EFFECTS[Free])),
    "a grown list is not asked for again": (
        "ab",
        ("ab", "a", "a"),
        Protocol(asks_all_again=False),
    ),
    "giving up forgets the displaced": ("ab", ("ab", "a"), Protocol(keeps_displaced=False)),
}


@pytest.mark.parametrize("weaker", WEAKER)
def test_each_weaker_lock_is_seen_to_fail(weaker: str) -> None:
    names, lists, protocol = WEAKER[weaker]
    verdict = Search(names, lists, protocol).verdict()
    print(f"{verdict.states:,} states", verdict.wrong, *verdict.history, sep="\n")
    assert verdict.wrong

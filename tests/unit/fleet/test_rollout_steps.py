from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.fleet.rollout_steps import Begin, End, Stop, Wait, next_step
from reconciler.model.rollout_states import (
    DUE,
    GOING,
    GONE,
    GOOD,
    NOT_BEGUN,
    OPEN,
    UNWELL,
    WAITING,
    ClusterNow,
    Health,
    RolloutNow,
)

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def at(minutes):
    return EPOCH + timedelta(minutes=minutes)


def well(minutes):
    return Health("well", at(minutes))


def cluster(name, wave, state=WAITING, **more):
    return ClusterNow(name, wave, state, **more)


def rollout(*clusters, state="going", soak=300.0):
    return RolloutNow(state, soak, clusters)


APPLIED = cluster("a", 1, "converged", ended=at(10))
NEXT = cluster("b", 2)


def test_the_first_wave_begins_whole_and_then_it_is_waited_for():
    waiting = (cluster("a", 1), cluster("b", 1), cluster("c", 2))
    assert next_step(rollout(*waiting), at(0)) == Begin(1, ("a", "b"))
    begun = (cluster("a", 1, GOING), cluster("b", 1, DUE), cluster("c", 2))
    assert next_step(rollout(*begun), at(0)) == Wait("at work: a, b")


def test_a_wave_stands_for_its_time_and_is_looked_at_then():
    step = next_step(rollout(replace(APPLIED, health=well(11)), NEXT), at(14))
    assert step == Wait("wave 1 stands until 00:15:00 UTC", {"a": at(15)})
    step = next_step(rollout(replace(APPLIED, health=well(11)), NEXT), at(16))
    assert step == Wait("wave 1 is looked at: a", {"a": at(15)})
    step = next_step(rollout(replace(APPLIED, health=well(15)), NEXT), at(16))
    assert step == Begin(2, ("b",))


def test_the_last_wave_needs_no_time_but_a_look():
    last = (replace(APPLIED, health=well(9)),)
    assert next_step(rollout(*last), at(10)) == Wait("wave 1 is looked at: a", {"a": at(10)})
    last = (replace(APPLIED, health=well(10)),)
    assert next_step(rollout(*last), at(10)) == End("converged")


@pytest.mark.parametrize("state", ["failed", "partial", "refused", "locked", "stale"])
def test_the_first_failure_stops_it_and_is_named(state):
    bad = replace(APPLIED, state=state, message="why")
    assert next_step(rollout(bad, NEXT), at(11)) == Stop(f"a ended {state}: why")


def test_one_that_is_not_well_afterwards_stops_it():
    ill = Health("unwell", at(10), "Degraded: full")
    step = next_step(rollout(replace(APPLIED, health=ill), NEXT), at(11))
    assert step == Stop("a is not well after its wave: Degraded: full", {"a": UNWELL})
    before = replace(APPLIED, health=replace(ill, looked=at(9)))
    assert isinstance(next_step(rollout(before, NEXT), at(11)), Wait)


def test_what_is_not_known_is_waited_for_and_never_taken_for_well():
    doubt = replace(APPLIED, health=Health("unknown", at(15), "node01 did not answer"))
    step = next_step(rollout(doubt, NEXT), at(16))
    assert step == Wait("whether all is well is not known: a: node01 did not answer")
    earlier = (replace(doubt, health=Health("unknown", at(40), "silent")),)
    later = cluster("b", 2, "converged", ended=at(30), health=well(40))
    step = next_step(rollout(*earlier, later, cluster("c", 3)), at(41))
    assert step == Wait("whether all is well is not known: a: silent")


def test_one_that_is_paused_is_waited_for_by_name():
    due = cluster("a", 1, DUE, paused="alice: new switch")
    assert next_step(rollout(due, NEXT), at(0)) == Wait(
        "waits: a is paused (alice: new switch)"
    )


def test_one_that_is_paused_after_its_wave_is_waited_for_by_name_too():
    paused = replace(APPLIED, health=well(9), paused="alice: new switch")
    step = next_step(rollout(paused), at(10))
    assert step == Wait("waits: a is paused (alice: new switch)", {"a": at(10)})
    doubt = replace(paused, health=Health("unknown", at(16), "silent"))
    step = next_step(rollout(doubt, NEXT), at(17))
    assert step == Wait("whether all is well is not known: a is paused (alice: new switch)")


def test_one_that_nobody_wants_any_more_stops_it_once_nobody_is_at_work_there():
    gone = cluster("a", 1, GOING, is_wanted=False)
    assert next_step(rollout(gone), at(0)) == Stop("no file wants a any more", {"a": GONE})
    busy = replace(gone, is_at_work=True)
    assert next_step(rollout(busy), at(0)) == Wait("at work: a")
    assert next_step(rollout(busy, state="stopping"), at(0)) == Wait(
        "what has begun comes to its end: a"
    )
    assert next_step(rollout(gone, state="stopping"), at(0)) == End("failed")


@pytest.mark.parametrize(
    ("state", "end"), [("stopping", "failed"), ("cancelling", "cancelled")]
)
def test_what_has_begun_comes_to_its_end_first(state, end):
    busy = (cluster("a", 1, GOING), cluster("b", 1, NOT_BEGUN))
    told = Wait("what has begun comes to its end: a")
    assert next_step(rollout(*busy, state=state), at(0)) == told
    ended = (replace(APPLIED, state="converged"), cluster("b", 1, NOT_BEGUN))
    assert next_step(rollout(*ended, state=state), at(0)) == End(end)


ENDINGS = ("converged", "no-change", "converged", "partial", "failed", "refused")
HEALTHS = ("well", "well", "well", "unwell", "unknown")
CALM = 60  # minutes after which nothing is in the way any more


class Played:
    """A rollout that is played with what befalls its clusters, a minute a turn."""

    def __init__(self, waves, soak, seed):
        self.random, self.minute, self.begun, self.ends = Random(seed), 0, {}, {}  # noqa: S311  # of a test
        self.now = rollout(*(cluster(f"c{n}", w) for n, w in enumerate(waves)), soak=soak)

    def change(self, names, **values):
        clusters = (replace(c, **values) if c.name in names else c for c in self.now.clusters)
        self.now = replace(self.now, clusters=tuple(clusters))

    def play(self):
        for self.minute in range(CALM * 3):
            step = next_step(self.now, at(self.minute))
            if isinstance(step, End):
                return step
            self.take(step)
            self.befall()
        raise AssertionError("it has no end")

    def take(self, step):
        if isinstance(step, Begin):
            self.check_begin(step)
            self.change(step.clusters, state=DUE)
        if isinstance(step, Stop):
            for name, state in step.spoilt.items():
                self.change({name}, state=state)
            unbegun = {c.name for c in self.now.clusters if c.state in {WAITING, DUE}}
            self.change(unbegun, state=NOT_BEGUN)
            self.now = replace(self.now, state="stopping")

    def check_begin(self, step):
        assert not set(step.clusters) & set(self.begun)
        for one in self.now.clusters:
            if one.name in self.begun:
                assert one.state in GOOD
                assert one.is_looked_at
                assert one.health.word == "well"
                if one.wave == step.wave - 1:
                    assert at(self.minute) >= one.ended + timedelta(seconds=self.now.soak)
            else:
                assert one.wave >= step.wave
                assert (one.wave > step.wave) == (one.name not in step.clusters)
        self.begun.update(dict.fromkeys(step.clusters, self.minute))

    def befall(self):
        calm = self.minute > CALM
        for one in self.now.clusters:
            if not calm and self.random.random() < 0.5:
                continue
            if one.state == DUE:
                self.change({one.name}, state=GOING)
            elif one.state == GOING:
                state = "converged" if calm else self.random.choice(ENDINGS)
                self.change({one.name}, state=state, ended=at(self.minute))
            elif one.ended is not None:
                word = "well" if calm else self.random.choice(HEALTHS)
                self.change({one.name}, health=Health(word, at(self.minute)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=6),
    st.sampled_from([0.0, 120.0]),
    st.integers(0, 2**32),
)
def test_whatever_befalls_it_a_rollout_goes_by_its_rules_and_has_an_end(waves, soak, seed):
    ranks = {wave: rank for rank, wave in enumerate(sorted(set(waves)), 1)}
    played = Played([ranks[wave] for wave in waves], soak, seed)
    end = played.play()
    states = {one.state for one in played.now.clusters}
    assert not states & OPEN
    assert end == End("converged" if states <= GOOD else "failed")
    if states <= GOOD:
        assert all(one.health.word == "well" for one in played.now.clusters)

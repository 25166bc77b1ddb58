"""When clusters are looked at: on their interval, at once when asked for, never twice at a time."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.watch.schedule import JITTER, MOST_INTERVALS, Pace, Schedule

INTERVAL = 300.0
NAMES = ("a", "b", "c", "d", "e")


def schedule(at_once=2, names=NAMES, chance=lambda: 0.5, ages=None):
    made = Schedule(Pace(INTERVAL, at_once), chance)
    made.follow(names, 0.0, ages or {})
    return made


def test_all_that_is_new_is_due_at_once_and_no_more_run_than_there_is_room_for():
    made = schedule()
    assert made.take(0.0) == ("a", "b")
    assert made.take(1.0) == ()
    assert made.seconds_to_next(1.0) is None
    made.finish("a", 1.0, failed=False)
    assert (made.seconds_to_next(1.0), made.take(1.0)) == (0.0, ("c",))


def test_what_is_asked_for_while_it_runs_runs_exactly_once_more():
    made = schedule(names=("a",))
    assert made.take(0.0) == ("a",)
    for moment in (1.0, 2.0, 3.0):
        made.request("a", moment)
    assert made.take(3.0) == ()
    made.finish("a", 4.0, failed=False)
    assert made.take(4.0) == ("a",)
    made.finish("a", 5.0, failed=False)
    assert (made.take(5.0), made.seconds_to_next(5.0)) == ((), INTERVAL)


def test_who_is_asked_for_waits_behind_who_waits_already():
    made = schedule(at_once=1, names=("a", "b"))
    assert made.take(0.0) == ("a",)
    made.request("a", 1.0)
    made.finish("a", 2.0, failed=False)
    assert made.take(2.0) == ("b",)
    made.finish("b", 3.0, failed=False)
    assert made.take(3.0) == ("a",)


def test_waits_double_after_failures_up_to_a_bound_and_are_short_again_after_a_success():
    made, now, waits = schedule(names=("a",)), 0.0, []
    for failed in (True,) * 6 + (False,):
        assert made.take(now) == ("a",)
        made.finish("a", now, failed=failed)
        waits.append(made.seconds_to_next(now) / INTERVAL)
        now += waits[-1] * INTERVAL
    assert waits == [1, 2, 4, 8, 8, 8, 1]
    assert max(waits) == MOST_INTERVALS


def test_after_ten_thousand_failures_it_still_waits_the_bound():
    made, now = schedule(names=("a",)), 0.0
    for _ in range(10_000):
        made.take(now)
        made.finish("a", now, failed=True)
        now += made.seconds_to_next(now)
    assert made.turns["a"].due - now <= 0
    made.take(now)
    made.finish("a", now, failed=True)
    assert made.seconds_to_next(now) == MOST_INTERVALS * INTERVAL


def test_a_request_ends_the_wait_after_failures_at_once():
    made = schedule(names=("a",))
    made.take(0.0)
    made.finish("a", 0.0, failed=True)
    made.request("a", 1.0)
    assert made.take(1.0) == ("a",)


@pytest.mark.parametrize(("drawn", "factor"), [(0.0, 1 - JITTER), (0.5, 1), (1.0, 1 + JITTER)])
def test_chance_shifts_a_wait_by_no_more_than_a_tenth(drawn, factor):
    made = schedule(names=("a",), chance=lambda: drawn)
    made.take(0.0)
    made.finish("a", 0.0, failed=False)
    assert made.seconds_to_next(0.0) == pytest.approx(INTERVAL * factor)


def test_the_same_chance_gives_the_same_moments():
    dues = []
    for _ in range(2):
        made = schedule(chance=random.Random(7).random)  # noqa: S311  # no secret
        made.take(0.0)
        made.finish("a", 1.0, failed=False)
        dues.append(made.turns["a"].due)
    assert dues[0] == dues[1]


def test_a_restart_goes_on_where_it_was_whatever_the_clock_of_the_wall_says():
    """An age beyond the interval is due at once; one below 0, of a clock set back, waits it whole."""
    made = schedule(at_once=9, names=("a", "b", "c"), ages={"a": 100.0, "b": 1e9, "c": -1e9})
    assert {name: turn.due for name, turn in made.turns.items()} == {
        "a": 200.0,
        "b": 0.0,
        "c": INTERVAL,
    }
    assert made.take(0.0) == ("b",)


def test_a_cluster_that_is_gone_while_it_is_looked_at_is_let_go_at_the_end():
    made = schedule(names=("a", "b"))
    made.take(0.0)
    made.follow(("b",), 1.0, {})
    assert set(made.turns) == {"a", "b"}
    made.finish("a", 2.0, failed=False)
    assert set(made.turns) == {"b"}


def test_one_that_comes_back_while_it_is_looked_at_is_looked_at_once_more():
    made = schedule(names=("a",))
    made.take(0.0)
    made.follow((), 1.0, {})
    made.follow(("a",), 2.0, {})
    made.finish("a", 3.0, failed=False)
    assert made.take(3.0) == ("a",)


def test_who_is_not_known_is_passed_over():
    made = schedule(names=("a",))
    made.request("z", 0.0)
    assert set(made.turns) == {"a"}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("finish", "fail", "request", "all", "wait", "follow", "take")),
        st.sampled_from(NAMES),
        st.floats(0, 2 * INTERVAL),
    ),
    max_size=60,
)


class Watched:
    """A schedule that is driven by chance, and what runs by then as a plain set."""

    def __init__(self, at_once, seed):
        self.made = schedule(at_once, chance=random.Random(seed).random)  # noqa: S311  # no secret
        self.at_once, self.now, self.running = at_once, 0.0, set()

    def do(self, what, name, number):
        {
            "finish": lambda: self.finish(name, failed=False),
            "fail": lambda: self.finish(name, failed=True),
            "request": lambda: self.made.request(name, self.now),
            "all": lambda: self.made.request_all(self.now),
            "wait": lambda: self.wait(number),
            "follow": lambda: self.made.follow([n for n in NAMES if n != name], self.now, {}),
            "take": self.take,
        }[what]()

    def finish(self, name, *, failed):
        if name in self.running:
            self.made.finish(name, self.now, failed=failed)
            self.running.discard(name)

    def wait(self, seconds):
        self.now += seconds

    def take(self):
        taken = set(self.made.take(self.now))
        assert not self.running & taken
        self.running |= taken
        assert len(self.running) <= self.at_once
        assert {n for n, turn in self.made.turns.items() if turn.runs} == self.running
        return taken


@given(STEPS, st.integers(1, 4), st.integers(0, 9))
def test_whatever_happens_none_runs_twice_room_is_kept_and_everybody_gets_a_turn(
    steps, at_once, seed
):
    watched, seen = Watched(at_once, seed), set()
    for step in steps:
        watched.do(*step)
    for name in sorted(watched.running):
        watched.finish(name, failed=False)
    watched.made.follow(NAMES, watched.now, {})
    for _ in range(50):
        watched.wait(watched.made.seconds_to_next(watched.now) or 0.0)
        for name in watched.take():
            seen.add(name)
            watched.finish(name, failed=False)
    assert seen == set(NAMES)


@given(st.lists(st.sampled_from(NAMES), max_size=20))
def test_however_often_one_is_asked_for_it_is_one_more_look(asked):
    made = schedule(at_once=5)
    assert set(made.take(0.0)) == set(NAMES)
    for name in asked:
        made.request(name, 1.0)
    for name in NAMES:
        made.finish(name, 2.0, failed=False)
    assert sorted(made.take(2.0)) == sorted(set(asked))

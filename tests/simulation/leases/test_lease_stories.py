"""A history is its seed's, a wrong one gets short and is told in words, and plans are the planner's."""

import pytest

from tests.simulation.leases.histories import play, play_seed
from tests.simulation.leases.recording import RECORDED, record_plans
from tests.simulation.leases.scenario import COMMANDS, Part, Scenario, Trouble, scenario_of
from tests.simulation.leases.story import TROUBLES, shrink, tell
from tests.simulation.leases.troubles import BY_MESSAGE, BY_TIME
from tests.simulation.leases.weakenings import weakenings
from tests.simulation.leases.world import Protocol

# Histories that were wrong while the runs of the simulation or its laws were not yet the product's.
ONCE_WRONG = {
    "a host is frozen for longer than the last controller waited": Scenario(
        pace=11264,
        parts=(
            Part("a", "renumber", 0, 20, 0.0, 2.0),
            Part("b", "renumber", 0, 20, 0.3, 2.0),
        ),
        troubles=(Trouble("frozen with its clock", "node01", 28, 63.38),),
    ),
    "a lease is freed that could not be read, and whose hosts an operator answers for": Scenario(
        pace=16885,
        parts=(
            Part("a", "renumber", 0, 12, 0.0, 2.0),
            Part("b", "renumber", 0, 12, 0.3, 2.0),
        ),
        troubles=(
            Trouble("killed", "a", COMMANDS + 1, 13.02),
            Trouble("garbled", "node02", 17, 0.0),
        ),
    ),
    "a late message grants a lease to a run that ended long ago": Scenario(
        pace=20871,
        parts=(
            Part("a", "create", 2, 19, 0.0, 2.0),
            Part("b", "grow-online", 2, 1, 0.3, 2.0),
        ),
        troubles=(
            Trouble("late", "b", 2, 74.71),
            Trouble("pause", "san:ocfs2", 44, 46.04),
        ),
    ),
}


def test_a_seed_has_one_history():
    first, second = ([play_seed(seed).digest for seed in range(60)] for _ in range(2))
    assert first == second
    assert len(set(first)) == 60


@pytest.mark.parametrize("story", ONCE_WRONG)
def test_histories_that_were_wrong_once_are_right(story):
    history = play(ONCE_WRONG[story])
    assert not history.wrong, tell(history)


def find(weaker: Protocol) -> int:
    """The first seed that finds it."""
    return next(seed for seed in range(2_000) if play_seed(seed, weaker).wrong)


@pytest.mark.parametrize(
    "name", ["Act without paused", "Act without facts-stale", "Unlock without lease-lost"]
)
def test_a_wrong_history_gets_as_short_as_it_can_be(name):
    weaker = weakenings()[name]
    whole = play_seed(find(weaker), weaker)
    short = shrink(whole.scenario, weaker)
    assert short.wrong[0][0] == whole.wrong[0][0]
    assert len(short.scenario.troubles) <= 3
    assert len(short.trace) <= len(whole.trace)
    print(tell(short))
    assert "THIS MUST NOT BE" in tell(short)


def test_what_is_right_cannot_be_made_shorter():
    with pytest.raises(ValueError, match="nothing is wrong"):
        shrink(scenario_of(0))


def test_each_trouble_is_told_in_words():
    assert TROUBLES.keys() == {*BY_MESSAGE, *BY_TIME}
    for seed in range(200):
        tell(play_seed(seed))


def test_the_recorded_plans_are_those_that_the_planner_makes():
    assert RECORDED.read_text() == record_plans(), (
        "run: python -m tests.simulation.leases --plans"
    )

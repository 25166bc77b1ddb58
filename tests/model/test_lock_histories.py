"""Long histories by chance: nothing is wrong in them, and the model knows each of their states."""

from collections import Counter
from random import Random

import pytest

from tests.model.lock_history import World
from tests.model.search import Search

STEPS = 400


def histories(names: str, lists: tuple[str, ...], seeds: range) -> Counter[str]:
    """How often what happened; fails with the seed of a history that the model does not have."""
    search = Search(names, lists)
    search.verdict()
    seen: Counter[str] = Counter()
    for seed in seeds:
        world = World(names, lists, Random(seed))  # noqa: S311  # a seed, so that it is the same again
        for step in range(STEPS):
            world.happens()
            assert not world.wrong, (seed, step, world.wrong)
            hosts = [machine.in_short() for machine in world.machines.values()]
            runs = [actor.in_short() for actor in world.actors.values()]
            assert search.has(hosts, runs), (seed, step, hosts, runs)
        seen["commands"] += len(world.begun)
        seen["two runs acted"] += len({run for run, _, _ in world.begun}) > 1
    return seen


LISTS = [("ab", ("ab", "ab")), ("ab", ("ab", "a"))]


@pytest.mark.parametrize(("names", "lists"), LISTS)
def test_the_model_has_each_state_of_some_histories(names: str, lists: tuple[str, ...]) -> None:
    seen = histories(names, lists, range(200))
    print(seen)
    assert seen["commands"] > 100
    assert seen["two runs acted"] > 10


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("names", "lists"), [*LISTS, ("ab", ("ab", "ab", "ab")), ("abc", ("ab", "bc"))]
)
def test_the_model_has_each_state_of_many_histories(names: str, lists: tuple[str, ...]) -> None:
    print(histories(names, lists, range(1000, 2500)))

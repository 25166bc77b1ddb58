"""Planning grows with the members: work is counted in calls of functions, not in seconds."""

from __future__ import annotations

import cProfile
import pstats

import pytest

from reconciler.model.observed import Observed
from reconciler.planning.planner import make_plan
from tests.bench.planning import setting

FEW, MANY = 20, 40
# Twice the members: twice the work, and a little for lists that every kernel has of every other,
# once in each turn of a compact plan. With a walk over all members for each of them it is more.
MOST = {"compact": 2.3}
USUALLY = 2.2


def calls(case: str, count: int) -> int:
    """How many calls one plan takes, of values that nobody has asked about before."""
    cluster, observed = setting(case, count)
    profile = cProfile.Profile()
    profile.enable()
    plan = make_plan([(cluster, Observed(dict(observed.hosts)))])
    profile.disable()
    assert not plan.blocked
    return pstats.Stats(profile).total_calls


@pytest.mark.parametrize("case", ["create", "no-change", "join", "leave", "grow", "compact"])
def test_twice_the_members_are_twice_the_work(case: str) -> None:
    calls(case, 3)  # what is done once, for whichever plan is the first
    few, many = calls(case, FEW), calls(case, MANY)
    assert many < MOST.get(case, USUALLY) * few

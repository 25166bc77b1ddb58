"""Planning grows with the members: work is counted in calls of functions, not in seconds."""

from __future__ import annotations

import cProfile
import pstats

import pytest

from reconciler.model.observed import Observed
from reconciler.planning.planner import make_plan
from tests.bench.planning import setting

FEW, MANY = 20, 40
# Twice the members: twice the work, and a little for lists that every kernel has of every other.
# With one walk over all members for each of them it is 3 and more.
MOST = 2.5


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
    assert calls(case, MANY) < MOST * calls(case, FEW)

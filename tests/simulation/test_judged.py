"""Each invariant is judged by histories, or proven by tests that there are."""

import pytest

from tests.simulation.judged import ELSEWHERE, INVARIANTS, JUDGED
from tests.test_manual import wrong_test


def test_each_invariant_is_judged_by_histories_or_proven_elsewhere():
    assert JUDGED | ELSEWHERE.keys() == INVARIANTS
    assert not JUDGED & ELSEWHERE.keys()


@pytest.mark.parametrize("number", ELSEWHERE)
def test_what_proves_an_invariant_elsewhere_is_there(number):
    found = [wrong_test(*name.split("::")) for name in ELSEWHERE[number]]
    assert found
    assert not any(found)

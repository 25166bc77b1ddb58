"""Each law is alive: what guards it is taken away, and it breaks."""

import pytest

from tests.simulation.judged import JUDGED
from tests.simulation.mutants import MUTANTS
from tests.simulation.player import play
from tests.simulation.shrink import law_of


@pytest.mark.parametrize("name", MUTANTS)
def test_a_law_sees_what_a_precaution_would_have_prevented(name, monkeypatch):
    mutant = MUTANTS[name]
    assert play(mutant.history).wrongs == []
    mutant.patch(monkeypatch)
    broken = {law_of(wrong) for wrong in play(mutant.history).wrongs}
    assert mutant.law in broken


def test_each_law_is_seen_to_break():
    """By a precaution of its own: of one that breaks several laws the record names this one."""
    assert {int(mutant.law) for mutant in MUTANTS.values()} == JUDGED

"""A controller killed at every command boundary, then new runs (I28): every one, not a sample.

It is killed before a command is sent, while a host carries it out, or before it hears how it
ended: each time at every third command, so that together they meet every one; each night at all.
"""

from __future__ import annotations

import pytest

from tests.fault_transport import Kill, every
from tests.properties.sweeps import (
    BIGGER,
    CASES,
    GROWING,
    HOSTING,
    LEAVING,
    after_kill,
    commands,
    killed,
)

STORIES = {**CASES, **LEAVING, **BIGGER, **GROWING, **HOSTING}
PHASES = {"before": ("alpha", "beta"), "during": ("beta", "alpha"), "after": ("alpha", "beta")}


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("phase", PHASES)
def test_a_killed_run_is_taken_over_at_every_command_in_turn(name, phase):
    share = slice(list(PHASES).index(phase), None, len(PHASES))
    assert killed(STORIES[name], phase, PHASES[phase], share) == {}


@pytest.mark.nightly
@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("phase", PHASES)
def test_a_killed_run_is_taken_over_at_every_command(name, phase):
    assert killed(STORIES[name], phase, PHASES[phase]) == {}


def test_a_run_killed_while_it_only_looks_is_taken_over():
    case = CASES["join of a second"]
    failed = {
        (number, *step): wrongs
        for number, step in enumerate(commands(case, every), 1)
        if step[1] == "probe"
        and (wrongs := after_kill(case, Kill(number, "before", every), "alpha"))
    }
    assert failed == {}

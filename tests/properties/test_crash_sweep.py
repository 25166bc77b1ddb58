"""A controller killed at every command boundary, then new runs (I28): every one, not a sample.

It is killed before a command is sent, while a host carries it out, or before it hears how it
ended: each time at every third command, so that together they meet every one; each night at all.
Of the long stories, which take half of the time, the three meet every third one each time.
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
LONG = {
    "grow a LUN and slots offline",
    "another label and timeout",
    "move to another path",
    *HOSTING,
}
PHASES = {"before": ("alpha", "beta"), "during": ("beta", "alpha"), "after": ("alpha", "beta")}


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("phase", PHASES)
def test_a_killed_run_is_taken_over_at_every_command_in_turn(name, phase):
    apart = len(PHASES) if name in LONG else 1
    share = slice(list(PHASES).index(phase) * apart, None, len(PHASES) * apart)
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

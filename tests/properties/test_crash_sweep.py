"""A controller killed at every command boundary, then new runs (I28): every one, not a sample.

It is killed before a command is sent, while a host carries it out, or before it hears how it
ended.
"""

from __future__ import annotations

import pytest

from tests.properties.sweeps import (
    BIGGER,
    CASES,
    GROWING,
    HOSTING,
    LEAVING,
    after_kill,
    commands,
)
from tests.wire import Kill, beyond_reading, every


@pytest.mark.parametrize("name", [*CASES, *LEAVING, *BIGGER, *GROWING, *HOSTING])
@pytest.mark.parametrize(
    ("phase", "heirs"),
    [
        ("before", ("alpha", "beta")),
        ("during", ("beta", "alpha")),
        ("after", ("alpha", "beta")),
    ],
)
def test_a_killed_run_is_taken_over_at_every_command(name, phase, heirs):
    case = {**CASES, **LEAVING, **BIGGER, **GROWING, **HOSTING}[name]
    steps = commands(case, beyond_reading)
    failed = {
        (number, *step): wrongs
        for number, step in enumerate(steps, 1)
        if (wrongs := after_kill(case, Kill(number, phase), heirs[number % 2]))
    }
    assert len(steps) > 10
    assert failed == {}


def test_a_run_killed_while_it_only_looks_is_taken_over():
    case = CASES["join of a second"]
    failed = {
        (number, *step): wrongs
        for number, step in enumerate(commands(case, every), 1)
        if step[1] == "probe"
        and (wrongs := after_kill(case, Kill(number, "before", every), "alpha"))
    }
    assert failed == {}

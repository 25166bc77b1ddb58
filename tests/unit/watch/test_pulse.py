"""The loop's pulse: what is late is told, not each time again; the watchdog's half is kept."""

import os

import pytest

from reconciler.watch.pulse import LATE, Pulse
from reconciler.watch.systemd import Supervisor


def test_what_is_late_is_told_and_lesser_ones_after_it_are_not():
    pulse = Pulse()
    assert [pulse.beat(lag) for lag in (0.01, LATE, 0.3, 0.2, 0.4)] == [
        False,
        False,
        True,
        False,
        True,
    ]
    assert (pulse.lag, pulse.worst, pulse.beats) == (0.4, 0.4, 5)


def test_after_a_quiet_time_it_is_told_again():
    pulse = Pulse()
    pulse.beat(0.3)
    for _ in range(200):
        pulse.beat(0.0)
    assert (pulse.beat(0.2), pulse.worst) == (True, 0.3)


@pytest.mark.parametrize(
    ("variables", "pause"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_signs_of_life_come_at_half_of_what_systemd_waits(variables, pause):
    assert Supervisor(variables).pause == pause


def test_without_systemd_nothing_is_told():
    Supervisor({}).tell("READY=1")

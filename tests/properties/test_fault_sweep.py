"""A fault at every command, then new runs (I28): every one, not a sample.

The connection is lost with the effect and without; a host's power goes before, in the middle of
and after every command that changes it; a command fails.
"""

from __future__ import annotations

import pytest

from tests.properties.sweeps import CASES, LEAVING, SMALL, swept
from tests.wire import beyond_reading, every

# The stories of a hundred commands take many minutes: each night. Killed they run every time.
EVERY_TIME = {*CASES, *LEAVING, "grow a partition online"}
STORIES = [
    name if name in EVERY_TIME else pytest.param(name, marks=pytest.mark.nightly)
    for name in SMALL
]


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("name", STORIES)
def test_a_connection_lost_at_every_command_is_survived(name, phase):
    counts = every if phase == "before" else beyond_reading
    assert swept(SMALL[name], "lost", phase, counts) == {}


@pytest.mark.parametrize("kind", ["crash", "reboot"])
@pytest.mark.parametrize("phase", ["before", "during", "after"])
@pytest.mark.parametrize("name", STORIES)
def test_a_host_that_goes_down_at_every_command_is_survived(name, phase, kind):
    assert swept(SMALL[name], kind, phase, beyond_reading) == {}


@pytest.mark.parametrize("name", STORIES)
def test_every_command_may_fail_once(name):
    assert swept(SMALL[name], "fails", "before", beyond_reading) == {}

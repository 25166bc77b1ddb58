"""A fault at every command, then new runs (I28): every one, not a sample.

The connection is lost with the effect and without; a host's power goes before, in the middle of
and after every command that changes it; a command fails. Each time every command meets one of these
faults, in turn; each night all meet all.
"""

from __future__ import annotations

import pytest

from tests.fault_transport import beyond_reading, every
from tests.properties.sweeps import CASES, LEAVING, SMALL, swept

TROUBLES = {
    "lost before": ("lost", "before", every),
    "lost after": ("lost", "after", beyond_reading),
    "fails": ("fails", "before", beyond_reading),
} | {
    f"{kind} {phase}": (kind, phase, beyond_reading)
    for kind in ("crash", "reboot")
    for phase in ("before", "during", "after")
}
# The stories of a hundred commands take many minutes: each night. Killed they run every time.
EVERY_TIME = [name for name in SMALL if name in {*CASES, *LEAVING, "grow a partition online"}]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", EVERY_TIME)
def test_a_fault_at_every_command_in_turn_is_survived(name, trouble):
    share = slice(list(TROUBLES).index(trouble), None, len(TROUBLES))
    assert swept(SMALL[name], TROUBLES[trouble], share) == {}


@pytest.mark.nightly
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", SMALL)
def test_a_fault_at_every_command_is_survived(name, trouble):
    assert swept(SMALL[name], TROUBLES[trouble]) == {}

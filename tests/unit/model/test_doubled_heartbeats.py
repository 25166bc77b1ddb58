"""What a kernel logs of another host that writes under its number."""

from dataclasses import replace

import pytest

from reconciler.model.doubled_heartbeats import RECENT, doubled_heartbeats
from reconciler.model.observed import Unknown
from tests import builders

# Of 6.1.176, as the lab's hosts logged them.
LINE = (
    "[  131.440000] (o2hb-23B3FBB76E,1111,0):o2hb_check_own_slot:689 ERROR: {what} on device "
    "(dm-0): expected(1:0xfc67c8f06d7efd88, 0x{written:x}), ondisk(1:0x226969b9f473514f, 0x6b0dfc79)"
)
GENERATION = "Heartbeat generation mismatch"


def seen():
    found = builders.facts("node01", 1)
    return replace(found, identity=replace(found.identity, clock=1_796_000_000))


def facts(*lines):
    return replace(seen(), log=lines)


def clock():
    return seen().identity.clock


@pytest.mark.parametrize("what", [GENERATION, "Another node is heartbeating"])
@pytest.mark.parametrize("age", [0, RECENT, -RECENT])
def test_what_was_logged_just_now_is_told_once(what, age):
    line = LINE.format(what=what, written=clock() - age)
    assert list(doubled_heartbeats(facts("[1.0] sd 0:0:0:0", line, line))) == [("dm-0", 1)]


@pytest.mark.parametrize(
    ("what", "age"),
    [(GENERATION, RECENT + 1), (GENERATION, -RECENT - 1), ("Heartbeat sequence mismatch", 0)],
)
def test_what_is_over_and_what_is_an_own_write_that_was_lost_are_not(what, age):
    assert not list(doubled_heartbeats(facts(LINE.format(what=what, written=clock() - age))))


def test_what_was_not_read_tells_nothing():
    assert not list(doubled_heartbeats(replace(seen(), log=Unknown("dmesg failed"))))

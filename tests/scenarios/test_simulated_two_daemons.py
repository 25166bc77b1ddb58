"""Two daemons on two machines heal the same hosts: the leases there decide, and nobody strikes for it."""

import asyncio

import pytest

from reconciler.hosts.simulator import Fault
from reconciler.watch.heal_book import HealBook
from tests.clock import drive
from tests.properties.test_healing_runs import with_policy
from tests.runs import Controller, desired, witnessed
from tests.watching import DRIFTS

CLASSES = {"files", "boot", "mounts"}


def drift(seed):
    world = witnessed(3, seed=seed)
    wanted = desired(world)
    assert drive(world, Controller(world).apply(wanted)).word == "converged"
    world.advance(130)
    DRIFTS["mounts"](world)
    DRIFTS["files"](world)
    return world, with_policy(wanted, CLASSES)


async def heal_both(world, wanted, after):
    """Two healings, of which the second begins at a command of the first; what each came to."""
    begin = asyncio.Event()
    if after == 0:
        begin.set()
    world.machines["node01"].faults.append(Fault("meets", at=after, then=begin.set))

    async def second():
        await begin.wait()
        return await Controller(world, "south", patience=0.0).heal(wanted)

    first = asyncio.create_task(Controller(world, "north", patience=0.0).heal(wanted))
    other = asyncio.create_task(second())
    await first
    begin.set()  # where the first needed fewer commands
    return [(await one)[0] for one in (first, other)]


@pytest.mark.parametrize("after", range(0, 21, 2))
def test_only_one_of_two_daemons_heals_at_a_time_and_none_gets_a_strike(after):
    world, wanted = drift(after)
    before = len(world.trace)
    found = drive(world, heal_both(world, wanted, after))
    assert world.wrongs() == []
    mounts = [event for event in world.trace[before:] if event.what == "mounted"]
    assert [event.host for event in mounts] == ["node02"]
    ends = sorted(one.outcome.result if one.outcome else "nothing" for one in found)
    assert ends[0] == "converged"
    assert ends[1] in {"locked", "nothing", "stale", "refused"}
    (tried,) = (one.attempts for one in found if one.attempts)
    assert {attempt.result for attempt in tried} == {"healed"}
    after_it = drive(world, Controller(world, "south", patience=0.0).heal(wanted))[0]
    assert after_it.outcome is None


def test_two_that_begin_at_once_meet_at_the_lease_and_who_is_locked_out_gets_no_strike():
    world, wanted = drift(0)
    found = drive(world, heal_both(world, wanted, 0))
    (locked,) = (one for one in found if one.outcome.result == "locked")
    assert locked.attempts == ()
    book = HealBook().begin("south-1").end(locked.attempts)
    assert book.history == HealBook().history

"""What a run has sent and somebody held back: nothing of it happens after its time."""

import asyncio

import pytest

from reconciler.hosts.simulator.state import lease_file
from tests.clock import drive
from tests.fault_transport import Line, Trick, beyond_reading
from tests.properties.recovery import recover
from tests.runs import MOUNTED, Controller, desired, happened, mounted, witnessed

DISPLACED = 130  # seconds: longer than a lease lives without renewal


def changing(name):
    """A command that does something, and no question about the lease."""
    return beyond_reading(name) and not name.startswith("gate lease-")


def renewing(name):
    return name == "gate lease-renew"


def count(hosts=2, counts=changing):
    world = witnessed(hosts)
    ended = drive(world, Controller(world).apply(desired(world)))
    assert ended.word == "converged"
    return sum(counts(name) for _, name in ended.line.log)


COMMANDS = range(1, count() + 1)


def begun(world):
    """What hosts did: nothing that only looks."""
    looks = ("lease-acquired", "lease-sealed", "lease-released", "failed", "connection-lost")
    return [event for event in world.trace if event.host and event.what not in looks]


async def both(world, first, wait, second):
    """A run, and another controller's that begins so much later."""
    one = asyncio.create_task(first)
    await asyncio.sleep(wait)
    return await one, await second


@pytest.mark.parametrize("at", COMMANDS)
@pytest.mark.parametrize("seconds", [2, 15, 400])
def test_a_command_that_the_network_held_back_does_nothing_once_another_run_is_there(
    at, seconds
):
    world = witnessed(2)
    wanted, line = desired(world), Line(trick=Trick("late", at, seconds, changing))
    controller = Controller(world)

    async def story():
        first = await controller.apply(wanted, line=line)
        wrongs = await recover(world, controller, wanted)
        await line.settle()
        return first, wrongs

    first, wrongs = drive(world, story())
    assert first.word in ("partial", "failed", "refused", "interrupted")
    assert wrongs == world.wrongs() == []
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)


@pytest.mark.parametrize("at", COMMANDS)
@pytest.mark.parametrize("seconds", [0.05, 5, 400])
def test_a_command_that_arrives_twice_is_done_once(at, seconds):
    world = witnessed(2)
    wanted, line = desired(world), Line(trick=Trick("twice", at, seconds, changing))

    async def story():
        ended = await Controller(world).apply(wanted, line=line)
        await line.settle()
        return ended

    ended = drive(world, story())
    assert (ended.word, ended.failures) == ("converged", {})
    assert world.wrongs() == []
    for what in ("formatted", "mounted", "cluster-online"):
        found = happened(world, what)
        assert len(found) == len(set(found))


@pytest.mark.parametrize("at", COMMANDS)
def test_a_controller_stunned_with_a_command_on_its_way_out_does_nothing_more(at):
    world = witnessed(2)
    wanted = desired(world)
    line = Line(trick=Trick("stunned", at, DISPLACED + 60, changing))

    async def story():
        first = asyncio.create_task(Controller(world).apply(wanted, line=line))
        await asyncio.sleep(DISPLACED + 30)
        second = await Controller(world, "beta").apply(wanted)
        before = begun(world)
        ended = await first
        await line.settle()
        assert begun(world) == before
        return ended, second

    _, second = drive(world, story())
    assert second.word in ("converged", "no-change")
    assert world.wrongs() == []


@pytest.mark.parametrize("at", range(1, 6))
def test_a_lease_that_is_granted_late_locks_nobody_out_for_longer_than_it_lives(at):
    world = witnessed(2)
    wanted = desired(world)
    line = Line(trick=Trick("late", at, 60, lambda name: name.startswith("gate lease-")))

    async def story():
        await Controller(world).apply(wanted, line=line)
        await line.settle()
        await asyncio.sleep(DISPLACED)
        return await Controller(world, "beta").apply(wanted)

    second = drive(world, story())
    assert second.word in ("converged", "no-change")
    assert world.wrongs() == []
    assert {lease_file.read(machine).run for machine in world.machines.values()} == {""}


@pytest.mark.parametrize("at", range(1, count() // 2, 2))
def test_a_command_on_facts_that_grew_old_on_its_way_does_not_start(at):
    """Nobody took the lease; the controller's machine stood still between look and command."""
    world = witnessed(2)
    wanted = desired(world)
    line = Line(trick=Trick("stunned", at, 100, changing))
    ended = drive(world, Controller(world).apply(wanted, line=line))
    assert ended.word in ("partial", "failed")
    assert [why for why in ended.failures.values() if "facts-stale" in why]
    assert drive(world, recover(world, Controller(world, "beta"), wanted)) == []
    assert world.wrongs() == []

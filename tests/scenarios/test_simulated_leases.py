"""One run at a time on a cluster, and what becomes of the lease of a dead one."""

import asyncio

import pytest

from reconciler.hosts.simulator.state import lease_file
from tests.clock import drive
from tests.fault_transport import Kill, Line
from tests.runs import MOUNTED, Controller, desired, mounted, witnessed


def at_mount(name):
    return name == "gate mount"


@pytest.mark.parametrize("delay", [0.0, 0.3, 0.6, 2.0, 10.0])
def test_of_two_runs_at_once_exactly_one_acts(delay):
    world = witnessed(3)
    wanted = desired(world)
    one, two = Controller(world, "alpha", patience=5), Controller(world, "beta", patience=5)

    async def later():
        await asyncio.sleep(delay)
        return await two.apply(wanted)

    async def story():
        return await asyncio.gather(one.apply(wanted), later())

    ended = drive(world, story())
    assert [run.word for run in ended] in (["converged", "locked"], ["locked", "converged"])
    acting, locked = sorted(ended, key=lambda run: run.word)
    assert (locked.started, bool(acting.started)) == ([], True)
    (held,) = locked.outcomes[0].blocked
    assert held.code == "lease-held"
    assert "alpha" in held.message or "beta" in held.message
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert world.wrongs() == []


def test_a_run_that_waits_for_the_lease_goes_on_only_if_its_plan_still_is_the_same():
    world = witnessed(2)
    wanted = desired(world)
    one, two = Controller(world, "alpha"), Controller(world, "beta", patience=100)

    async def story():
        return await asyncio.gather(one.apply(wanted), two.apply(wanted))

    ended = drive(world, story())
    assert sorted(run.word for run in ended) == ["converged", "refused"]
    assert [run.codes for run in ended if run.word == "refused"] == [{"plan-changed"}]
    assert world.wrongs() == []


def killed_at_mount(world, controller, wanted):
    """A run that dies when it is about to mount; what is left of it has ended."""

    async def story():
        line = Line(Kill(1, "before", at_mount))
        ended = await controller.apply(wanted, line=line)
        await line.settle()
        return ended

    assert drive(world, story()).word == "killed"


def test_the_next_run_of_the_same_controller_displaces_a_dead_one_at_once():
    world = witnessed(2)
    controller, wanted = Controller(world), desired(world)
    killed_at_mount(world, controller, wanted)
    before = world.now
    assert drive(world, controller.apply(wanted)).word == "converged"
    assert world.now - before < 60
    assert world.wrongs() == []


def test_another_controller_waits_until_the_dead_one_s_lease_is_120_seconds_old():
    world = witnessed(2)
    wanted = desired(world)
    killed_at_mount(world, Controller(world), wanted)
    other = Controller(world, "beta")
    early = drive(world, other.apply(wanted))
    assert (early.word, early.started) == ("locked", [])
    assert "displaceable in" in early.outcomes[0].blocked[0].message
    world.advance(121)
    assert drive(world, other.apply(wanted)).word == "converged"
    assert world.wrongs() == []


def test_a_living_run_of_the_same_controller_is_not_displaced():
    world = witnessed(2)
    controller, wanted = Controller(world, patience=0), desired(world)

    async def story():
        first = asyncio.create_task(controller.apply(wanted))
        await asyncio.sleep(5)
        second = await controller.apply(wanted)
        return await first, second

    first, second = drive(world, story())
    assert (first.word, second.word, second.started) == ("converged", "locked", [])
    assert world.wrongs() == []


def test_a_run_longer_than_a_lease_lives_renews_it():
    world = witnessed(3)
    slow = world.machines["node02"]
    wanted = desired(world)

    async def slowly(seconds):
        await asyncio.sleep(seconds * 12)

    async def story():
        world.pace = slowly
        first = asyncio.create_task(Controller(world).apply(wanted))
        await asyncio.sleep(200)
        second = await Controller(world, "beta", patience=0).apply(wanted)
        return await first, second

    first, second = drive(world, story())
    assert (first.word, second.word) == ("converged", "locked")
    assert lease_file.read(slow).run == ""
    assert world.wrongs() == []


def frozen(world, moment, seconds):
    """A run whose machine stands still for a while, and another controller's meanwhile."""
    wanted = desired(world)

    async def story():
        line = Line()
        first = asyncio.create_task(Controller(world).apply(wanted, line=line))
        await asyncio.sleep(moment)
        line.freeze(seconds)
        await asyncio.sleep(seconds - 20)
        second = await Controller(world, "beta", patience=0).apply(wanted)
        return await first, second

    return drive(world, story())


@pytest.mark.parametrize("moment", [2.0, 9.0, 15.0])
def test_a_run_that_stood_still_for_less_than_a_lease_lives_goes_on(moment):
    world = witnessed(2)
    first, second = frozen(world, moment, 60)
    assert (first.word, second.word) == ("converged", "locked")
    assert world.wrongs() == []


@pytest.mark.parametrize(("hosts", "moment"), [(1, 1.0), (1, 2.0), (2, 5.0)])
def test_a_run_that_stood_still_until_it_was_displaced_changes_nothing_more(hosts, moment):
    world = witnessed(hosts)
    _, second = frozen(world, moment, 160)
    assert second.word == "converged"
    assert world.wrongs() == []


@pytest.mark.parametrize("kind", ["gate format", "systemctl restart", "gate mount"])
def test_a_dead_run_is_not_displaced_while_one_of_its_commands_still_runs(kind):
    world = witnessed(1)
    controller, wanted = Controller(world), desired(world)

    async def story():
        line = Line(Kill(1, "during", lambda name: name == kind))
        await controller.apply(wanted, line=line)
        ended = await controller.apply(wanted)
        await line.settle()
        return ended

    ended = drive(world, story())
    assert ended.word in ("converged", "no-change", "locked", "refused")
    assert world.wrongs() == []

"""A pause binds everybody: other controllers, other files, and a run that is under way."""

import asyncio

import pytest

from reconciler.execution.operating import Answer, Wish, pause, resume
from reconciler.hosts.simulator import connect
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, mounted, witnessed

# What may still happen on a host after its pause: a run ends there, and is told why.
QUIET = {"failed", "lease-released", "lease-sealed", "paused", "resumed"}


def hosts(world, *names, cluster="ocfs2"):
    return {name: (cluster, connect(world, name, "alice")) for name in names or world.machines}


async def paused(world, *names, seconds=None):
    """An operator pauses hosts; all of them without a name."""
    answers = await pause(hosts(world, *names), Wish("the SAN moves", "alice@desk", seconds))
    assert answers == tuple(Answer(name) for name in names or world.machines)


async def resumed(world, *names):
    answers = await resume(hosts(world, *names))
    assert [answer.code for answer in answers] == [""] * len(answers)


def after_the_pause(world, host):
    """What happened on a host since it was paused."""
    events = [event for event in world.trace if event.host == host]
    first = next(n for n, event in enumerate(events) if event.what == "paused")
    return {event.what for event in events[first:]}


def test_one_paused_host_keeps_every_controller_and_every_file_away():
    world = witnessed(3)
    drive(world, paused(world, "node02"))
    one, two = Controller(world), Controller(world, "beta")
    for controller, wanted in (
        (one, desired(world)),
        (two, desired(world)),
        (two, desired(world, "node02", "node03", name="other")),
    ):
        ended = drive(world, controller.apply(wanted))
        assert (ended.word, ended.codes, ended.started) == ("refused", {"paused"}, [])
    assert after_the_pause(world, "node02") <= QUIET
    drive(world, resumed(world, "node02"))
    assert drive(world, two.apply(desired(world))).word == "converged"
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert world.wrongs() == []


def test_hosts_of_another_cluster_go_on():
    world = witnessed(3)
    drive(world, paused(world, "node03"))
    ended = drive(world, Controller(world).apply(desired(world, "node01", "node02")))
    assert ended.word == "converged"
    assert world.wrongs() == []


@pytest.mark.parametrize(
    "moment", [0.0, 0.1, 0.2, 0.3, 0.5, 1.5, 3.0, 5.0, 8.0, 11.0, 14.0, 20.0]
)
def test_a_run_under_way_begins_nothing_more_says_so_and_goes_on_after_the_resume(moment):
    world = witnessed(2)
    wanted, controller = desired(world), Controller(world)

    async def story():
        run = asyncio.create_task(controller.apply(wanted))
        await asyncio.sleep(moment)
        await paused(world)
        return await run

    ended = drive(world, story())
    assert ended.word in {"refused", "partial", "failed"}
    assert ended.codes == {"paused"}
    for host in world.machines:
        assert after_the_pause(world, host) <= QUIET
    for why in ended.failures.values():
        assert "gate: paused: alice@desk: the SAN moves" in why
    assert drive(world, Controller(world, "beta").apply(wanted)).codes == {"paused"}
    drive(world, resumed(world))
    assert drive(world, controller.apply(wanted)).word == "converged"
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert world.wrongs() == []


def test_one_host_paused_in_the_midst_stops_the_whole_cluster():
    world = witnessed(3)
    wanted = desired(world)

    async def story():
        run = asyncio.create_task(Controller(world).apply(wanted))
        await asyncio.sleep(2.2)  # before cluster.conf is written
        await paused(world, "node03")
        return await run

    ended = drive(world, story())
    assert (ended.word, ended.codes) == ("partial", {"paused"})
    assert mounted(world) == dict.fromkeys(world.machines, ())
    drive(world, resumed(world))
    assert drive(world, Controller(world, "beta").apply(wanted)).word == "converged"
    assert world.wrongs() == []


def test_a_pause_that_has_passed_is_none():
    world = witnessed(2)
    drive(world, paused(world, seconds=300))
    wanted, controller = desired(world), Controller(world)
    early = drive(world, controller.apply(wanted))
    assert (early.word, early.codes) == ("refused", {"paused"})
    world.advance(301)
    assert drive(world, controller.apply(wanted)).word == "converged"
    assert world.wrongs() == []


def test_who_reads_only_is_not_kept_away():
    world = witnessed(2)
    drive(world, paused(world))
    plan = drive(world, Controller(world).plan(desired(world)))
    assert plan.actions
    ((_cluster, seen),) = drive(world, Controller(world).look(desired(world)))
    assert [pause.reason for pause in seen.hosts["node01"].pauses] == ["the SAN moves"]

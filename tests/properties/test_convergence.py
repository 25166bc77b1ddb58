"""Whatever the cluster: applying converges, and applying again changes nothing (I27)."""

from hypothesis import example, given, settings

from tests.clock import drive
from tests.properties.recovery import recover, twice
from tests.runs import Controller, happened
from tests.strategies import Drawn, bounded, build, clusters

TAKING = ("unmounted", "cluster-offline", "power-off", "node-removed")


# A boot while what logs in to storage is off leaves no disk: it is not among the harmless states.
OFF = Drawn(
    hosts=2,
    first=2,
    storage="scsi",
    luns=1,
    partition=False,
    at_boot=True,
    options=(),
    numbers=(7, 8),
    dead_threshold=31,
    found=((0, "services disabled"), (0, "disks in another order")),
    seed=3,
)


# Few of them: histories begin with clusters of the same kinds, and each night there are thousands.
@settings(bounded, max_examples=25)
@given(clusters())
@example(OFF)
def test_applying_converges_and_applying_again_changes_nothing(drawn):
    world, wanted, _ = build(drawn)
    controller = Controller(world)
    first = drive(world, controller.apply(wanted))
    assert (first.word, first.failures, first.codes) == ("converged", {}, set())
    before = len(world.trace)
    again = drive(world, controller.apply(wanted))
    assert (again.word, again.started, world.trace[before:]) == ("no-change", [], [])
    assert world.wrongs() == twice(first) == []


@settings(bounded, max_examples=15)
@given(clusters())
def test_a_join_takes_nothing_from_the_old_members(drawn):
    world, wanted, all_of_them = build(drawn)
    controller = Controller(world)
    drive(world, controller.apply(wanted))
    before = happened(world, *TAKING)
    wrongs = drive(world, recover(world, controller, all_of_them))
    assert wrongs == []
    assert happened(world, *TAKING) == before


@settings(bounded, max_examples=12)
@given(clusters())
def test_the_same_hosts_give_the_same_plan(drawn):
    plans = []
    for pause in (0.0, 0.0, 3600.0):
        world, wanted, _ = build(drawn)
        world.advance(pause)
        plans += [drive(world, Controller(world).plan(wanted)) for _ in range(2)]
    assert all(plan == plans[0] for plan in plans)
    assert plans[0].actions


@settings(bounded, max_examples=8)
@given(clusters())
def test_the_same_run_in_the_same_world_leaves_the_same_trace(drawn):
    digests = set()
    for _ in range(2):
        world, wanted, _ = build(drawn)
        drive(world, Controller(world).apply(wanted))
        digests.add(world.digest())
    assert len(digests) == 1

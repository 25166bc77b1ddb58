"""Whatever the cluster: applying converges, and applying again changes nothing (I27)."""

from hypothesis import given, settings

from tests.clock import drive
from tests.properties.recovery import recover, twice
from tests.runs import Controller, happened
from tests.strategies import bounded, build, clusters

# So many each time; whole histories begin with clusters of the same kinds, thousands of them each night.
TAKING = ("unmounted", "cluster-offline", "power-off", "node-removed")


@settings(bounded, max_examples=25)
@given(clusters())
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

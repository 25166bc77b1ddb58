"""Several runs, each in trouble of its own, then none: it ends well or says why not (I28)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.hosts.simulator import connect_all
from tests.clock import drive
from tests.fault_transport import Kill, Line
from tests.properties.recovery import disturbed, heal, recover
from tests.runs import Controller
from tests.strategies import bounded, build, clusters, ordeals


async def suffer(world, ordeal, controllers, wanted):
    """One run in trouble; what must never happen and did."""
    for host in list(connect_all(world).values()):
        if not host.machine.running.on:
            host.power_on()
    world.advance(ordeal.pause)
    hosts = list(connect_all(world).values())
    for number in ordeal.reboots:
        hosts[number % len(hosts)].reboot()
    for trouble in ordeal.troubles:
        trouble.put(world)
    line = Line(Kill(*ordeal.kill) if ordeal.kill else None)
    _, wrongs = await disturbed(controllers[ordeal.controller], wanted, line)
    return wrongs


async def outlive(world, some, everyone, history):
    """All ordeals, then peace."""
    controllers = {name: Controller(world, name, patience=2) for name in ("alpha", "beta")}
    wrongs = []
    joined = False
    for ordeal in history:
        joined = joined or ordeal.everyone  # nobody leaves again: evicting is another matter
        wanted = everyone if joined else some
        wrongs += await suffer(world, ordeal, controllers, wanted)
    heal(world)
    world.advance(130)
    return wrongs + await recover(world, controllers["beta"], everyone)


HISTORIES = st.lists(ordeals, min_size=1, max_size=3)


def check(drawn, history):
    world, some, everyone = build(drawn)
    assert drive(world, outlive(world, some, everyone, history)) == []


@settings(bounded, max_examples=50)
@given(clusters(most=3), HISTORIES)
def test_after_any_history_the_next_runs_converge_or_refuse_by_name(drawn, history):
    check(drawn, history)


@pytest.mark.nightly
@settings(bounded, max_examples=1500)
@given(clusters(most=3), HISTORIES)
def test_after_many_histories_the_next_runs_converge_or_refuse_by_name(drawn, history):
    check(drawn, history)


@settings(bounded, max_examples=8)
@given(clusters(most=3), st.lists(ordeals, min_size=1, max_size=2))
def test_the_same_history_leaves_the_same_trace(drawn, history):
    digests = set()
    for _ in range(2):
        world, some, everyone = build(drawn)
        drive(world, outlive(world, some, everyone, history))
        digests.add(world.digest())
    assert len(digests) == 1

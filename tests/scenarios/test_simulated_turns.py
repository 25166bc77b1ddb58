"""Rolling changes take several members at a time, and never all that serve a volume."""

from __future__ import annotations

from itertools import accumulate

import pytest

from reconciler.hosts.simulator import Fault, connect
from tests.clock import drive
from tests.runs import (
    MOUNTED,
    Controller,
    apply,
    desired,
    happened,
    members,
    mounted,
    volume,
    witnessed,
)

NINE = tuple(f"node0{n}" for n in range(1, 10))
EIGHT = NINE[1:]
HALF = {"numbering": "compact", "max_unavailable": "50%"}


def running(names=NINE, **more):
    world = witnessed(len(names))
    controller = Controller(world)
    volumes = [volume(world, slots=16)]
    apply(world, controller, desired(world, *names, volumes=volumes, **more))
    return world, controller, volumes


def away(world, since):
    """How many are without the volume after each mount and unmount."""
    steps = happened(world, "mounted", "unmounted")[since:]
    return [*accumulate(1 if what == "unmounted" else -1 for _host, what in steps)]


def numbers(world):
    return {
        name: {node.name: node.number for node in machine.running.live.nodes.values()}
        for name, machine in world.machines.items()
        if machine.running.live
    }


def test_eight_are_renumbered_by_halves_and_half_of_them_serve_throughout():
    world, controller, volumes = running()
    wanted = desired(world, *EIGHT, volumes=volumes, **HALF)
    ended = apply(world, controller, wanted)
    new = {name: number for number, name in enumerate(EIGHT)}
    assert numbers(world) == dict.fromkeys(EIGHT, new)
    assert mounted(world) == {NINE[0]: (), **dict.fromkeys(EIGHT, MOUNTED)}
    outages = [outage.hosts for outage in ended.plan.clusters[0].outages]
    assert outages == [NINE[:1], EIGHT[:4], EIGHT[4:]]
    # The one that leaves stays away.
    assert max(away(world, len(NINE))) == 1 + 4


def test_a_turn_of_all_is_made_smaller_by_one_that_serves():
    names = NINE[:3]
    world, controller, volumes = running(names)
    moved = members(world, *names)
    for item, number in zip(moved, (5, 6, 7), strict=True):
        item["number"] = number
    wanted = desired(world, members=moved, volumes=volumes, max_unavailable="100%")
    ended = apply(world, controller, wanted)
    outages = [outage.hosts for outage in ended.plan.clusters[0].outages]
    assert outages == [names[:2], names[2:]]
    assert max(away(world, len(names))) == 2


@pytest.mark.parametrize("broken", EIGHT[:4])
def test_a_member_that_fails_in_its_turn_ends_the_run_before_the_next(broken):
    world, controller, volumes = running()
    wanted = desired(world, *EIGHT, volumes=volumes, **HALF)
    world.machines[broken].faults.append(Fault("fails", command="gate mount"))
    before = len(happened(world, "unmounted"))
    ended = drive(world, controller.apply(wanted))
    assert ended.word != "converged"
    touched = {host for host, _what in happened(world, "unmounted")[before:]}
    assert touched == {NINE[0], *EIGHT[:4]}
    assert all(mounted(world)[name] == MOUNTED for name in EIGHT[4:])
    world.machines[broken].faults.clear()
    apply(world, controller, wanted)
    assert all(mounted(world)[name] == MOUNTED for name in EIGHT)
    assert world.wrongs() == []


def test_a_path_changes_by_turns():
    names = NINE[:4]
    world, controller, _volumes = running(names)
    wanted = desired(
        world,
        *names,
        volumes=[volume(world, slots=16, mount={"path": "/srv/new"})],
        max_unavailable=2,
    )
    ended = apply(world, controller, wanted)
    outages = [outage.hosts for outage in ended.plan.clusters[0].outages]
    assert outages == [names[:2], names[2:]]
    assert max(away(world, len(names))) == 2
    connect(world, names[0]).reboot()
    assert mounted(world)[names[0]]

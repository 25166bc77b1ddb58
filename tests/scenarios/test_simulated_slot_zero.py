"""A kernel that takes the slot of node 0 for a free one never gets to do so."""

import pytest

from reconciler.hosts.simulator import connect
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, members, mounted, witnessed

FAULTY, SERIES = "5.10.46", "5.10.0-28-amd64"


def world_of(release, *hosts):
    world = witnessed(2)
    for host in hosts:
        world.machines[host].setup.kernel = release
    return world


def pinned(world, *numbers):
    """The file that gives these numbers to the first members."""
    given = dict(zip(world.machines, numbers, strict=False))
    listed = [{**one, "number": given.get(one["name"])} for one in members(world)]
    return desired(world, members=listed)


@pytest.mark.parametrize("release", [FAULTY, SERIES])
def test_a_new_cluster_with_such_a_kernel_has_no_node_0(release):
    world = world_of(release, "node01", "node02")
    ended = drive(world, Controller(world).apply(desired(world)))
    assert (ended.word, ended.failures) == ("converged", {})
    assert set(mounted(world).values()) == {MOUNTED}
    assert [m.running.live.local.number for m in world.machines.values()] == [1, 2]
    assert world.wrongs() == []


def test_who_would_take_the_slot_of_node_0_is_refused_before_anything():
    world = world_of(FAULTY, "node02")
    ended = drive(world, Controller(world).apply(pinned(world, 0)))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"slot-zero"}, [])


def test_node_0_itself_may_have_such_a_kernel():
    world = world_of(FAULTY, "node01")
    ended = drive(world, Controller(world).apply(pinned(world, 0)))
    assert (ended.word, set(mounted(world).values())) == ("converged", {MOUNTED})
    assert world.wrongs() == []


def test_of_a_member_that_has_it_mounted_is_only_told():
    world = witnessed(2)
    wanted = desired(world)
    assert drive(world, Controller(world).apply(wanted)).word == "converged"
    world.machines["node02"].setup.kernel = FAULTY
    (plan,) = drive(world, Controller(world).plan(wanted)).clusters
    assert (plan.actions, plan.blocked) == ((), ())
    assert [f.code for f in plan.findings if f.code == "slot-zero"] == ["slot-zero"]


def test_who_mounts_beside_node_0_by_hand_takes_its_slot():
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    connect(world, "node02").unmount("/srv/images")
    world.machines["node02"].setup.kernel = FAULTY
    with pytest.raises(Exception, match="for ever"):
        connect(world, "node02").mount("/dev/disk/by-id/lab-lun1", "/srv/images")
    assert [wrong for wrong in world.wrongs() if "slot-taken" in str(wrong)]

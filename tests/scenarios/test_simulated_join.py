"""Hosts that join a cluster whose members keep their volumes mounted."""

import pytest

from reconciler.hosts.simulator.presets import Shape
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, happened, mounted, volume, witnessed

TAKING = ("unmounted", "cluster-offline", "power-off", "restart-ignored", "node-removed")


def joined(world, *steps):
    """Applies one file after the other, each with more members; the trace of the last."""
    controller = Controller(world)
    for names in steps:
        before = len(world.trace)
        ended = drive(world, controller.apply(desired(world, *names)))
        assert (ended.word, ended.failures) == ("converged", {})
    return ended, world.trace[before:]


@pytest.mark.parametrize("storage", ["plain", "san"])
@pytest.mark.parametrize("old", [1, 2, 3])
def test_a_host_joins_while_the_others_stay_mounted(old, storage):
    world = witnessed(old + 1, Shape(storage))
    names = list(world.machines)
    ended, trace = joined(world, names[:-1], names)
    assert mounted(world) == dict.fromkeys(names, MOUNTED)
    assert [event for event in trace if event.what in TAKING] == []
    restarts = [host for host, name in ended.line.log if name == "systemctl restart"]
    assert restarts == [names[-1]]
    assert [host for host, name in ended.line.log if name == "gate mount"] == [names[-1]]
    assert world.wrongs() == []


def test_three_hosts_join_a_single_one_at_once():
    world = witnessed(4)
    names = list(world.machines)
    _, trace = joined(world, names[:1], names)
    assert [event for event in trace if event.what in TAKING] == []
    assert mounted(world) == dict.fromkeys(names, MOUNTED)
    assert world.wrongs() == []


def test_hosts_join_one_after_the_other_and_keep_their_numbers():
    world = witnessed(4)
    names = list(world.machines)
    joined(world, names[1:2], names[1:3], names[1:], names)
    live = world.machines["node03"].running.live
    numbers = {node.name: node.number for node in live.nodes.values()}
    assert numbers == {"node02": 0, "node03": 1, "node04": 2, "node01": 3}
    assert world.wrongs() == []


def test_the_old_members_know_the_new_one_before_it_starts():
    world = witnessed(3)
    names = list(world.machines)
    _, trace = joined(world, names[:2], names)
    added = [e.host for e in trace if (e.what, e.detail) == ("node-added", "node03 2")]
    assert sorted(added[:2]) == ["node01", "node02"]
    assert added[2:] == ["node03"]


def test_a_host_that_hangs_in_an_older_join_is_finished_by_the_next_run():
    world = witnessed(3)
    names, controller = list(world.machines), Controller(world)
    drive(world, controller.apply(desired(world, *names[:2])))
    world.machines["node03"].running.others["/srv/images"] = ("ext4", "/dev/ubda")
    refused = drive(world, controller.apply(desired(world)))
    assert (refused.word, refused.codes) == ("refused", {"mount-path-busy"})
    del world.machines["node03"].running.others["/srv/images"]
    assert drive(world, controller.apply(desired(world))).word == "converged"
    assert world.wrongs() == []


def test_a_join_without_a_free_slot_makes_one_while_nobody_has_the_volume():
    world = witnessed(3)
    names, controller = list(world.machines), Controller(world)
    small = [volume(world, slots=2)]
    drive(world, controller.apply(desired(world, *names[:2], volumes=small)))
    small = [volume(world, slots=3)]
    ended = drive(world, controller.apply(desired(world, volumes=small)))
    assert ended.word == "converged", (ended.failures, ended.codes)
    (outage,) = ended.plan.clusters[0].outages
    assert (outage.hosts, outage.because) == (("node01", "node02"), "images: 3 slots")
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert drive(world, controller.apply(desired(world, volumes=small))).word == "no-change"
    assert world.wrongs() == []


def test_a_second_volume_is_added_while_the_first_stays_mounted():
    world = witnessed(2, Shape("san", luns=2))
    controller = Controller(world)
    drive(world, controller.apply(desired(world)))
    both = [volume(world), volume(world, "lun2", "mail")]
    ended = drive(world, controller.apply(desired(world, volumes=both)))
    assert ended.word == "converged"
    assert happened(world, *TAKING) == []
    where = ("images /srv/images", "mail /srv/mail")
    assert mounted(world) == {"node01": where, "node02": where}
    assert world.wrongs() == []

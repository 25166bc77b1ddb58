"""Bare hosts become a cluster, and a second run finds nothing to do."""

import pytest

from reconciler.hosts.simulator import connect_all
from reconciler.hosts.simulator.kernel import power
from reconciler.hosts.simulator.presets import Shape
from reconciler.hosts.simulator.state import lease_file
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, happened, mounted, volume, witnessed

RECORD = "/var/lib/reconcile/ocfs2/applied.json"


@pytest.mark.parametrize("storage", ["plain", "scsi", "san"])
@pytest.mark.parametrize("hosts", [1, 2, 3, 4, 5])
def test_bare_hosts_converge_and_a_second_run_changes_nothing(hosts, storage):
    world = witnessed(hosts, Shape(storage))
    wanted, controller = desired(world), Controller(world)
    first = drive(world, controller.apply(wanted))
    assert (first.word, first.failures) == ("converged", {})
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    before = len(world.trace)
    second = drive(world, controller.apply(wanted))
    assert (second.word, second.started, world.trace[before:]) == ("no-change", [], [])
    assert world.wrongs() == []


def test_every_host_mounts_the_same_volume_under_its_own_number():
    world = witnessed(3)
    drive(world, Controller(world).apply(desired(world)))
    (volume_,) = world.filesystems()
    assert [machine.name for machine, _ in world.mounters(volume_)] == list(world.machines)
    assert sorted(volume_.slot_map.values()) == [0, 1, 2]
    stamp = (volume_.label, volume_.slots, volume_.stack, volume_.cluster)
    assert stamp == ("images", 8, "o2cb", "ocfs2")


def test_two_volumes_are_formatted_once_each_and_mounted_everywhere():
    world = witnessed(2, Shape("san", luns=2))
    volumes = [volume(world), volume(world, "lun2", "mail")]
    ended = drive(world, Controller(world).apply(desired(world, volumes=volumes)))
    assert ended.word == "converged"
    both = ("images /srv/images", "mail /srv/mail")
    assert mounted(world) == {"node01": both, "node02": both}
    assert happened(world, "formatted") == [("node01", "formatted")] * 2
    assert world.wrongs() == []


@pytest.mark.parametrize("storage", ["plain", "scsi", "san"])
def test_a_partition_is_formatted_and_the_rest_of_the_disk_is_left_alone(storage):
    world = witnessed(2, Shape(storage))
    lun = world.luns["lun1"]
    lun.add_partition(1, 1 << 20, lun.whole.size - (2 << 20))
    for host in connect_all(world).values():
        host.reboot()
    item = volume(world)
    item["device"]["partition"] = 1
    ended = drive(world, Controller(world).apply(desired(world, volumes=[item])))
    assert (ended.word, ended.codes, ended.failures) == ("converged", set(), {})
    assert lun.whole.content.kind == "gpt"
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert world.wrongs() == []


def test_a_cluster_without_volumes_comes_online_and_mounts_nothing():
    world = witnessed(3)
    ended = drive(world, Controller(world).apply(desired(world, volumes=[])))
    assert ended.word == "converged"
    lists = [sorted(m.running.live.nodes) for m in world.machines.values()]
    assert lists == [["node01", "node02", "node03"]] * 3
    assert mounted(world) == {"node01": (), "node02": (), "node03": ()}


def test_it_leaves_the_same_record_on_every_member_and_no_lease():
    world = witnessed(3)
    drive(world, Controller(world).apply(desired(world)))
    files = [machine.files for machine in world.machines.values()]
    assert len({found.digest(RECORD) for found in files}) == 1
    assert RECORD in files[0].by_path
    assert [lease_file.read(machine).run for machine in world.machines.values()] == [""] * 3


def test_timeouts_options_and_pinned_numbers_are_as_the_file_says():
    world = witnessed(2)
    item = volume(world, mount={"path": "/srv/images", "options": ["noatime"]})
    people = desired(world).model_dump(mode="json")["clusters"][0]["members"]
    names = [{**people[0], "number": 7}, {**people[1], "number": 3}]
    timeouts = {"heartbeat": {"dead_threshold": 61}, "network": {"idle_timeout_ms": 10000}}
    wanted = desired(world, members=names, volumes=[item], **timeouts)
    assert drive(world, Controller(world).apply(wanted)).word == "converged"
    machine = world.machines["node02"]
    live = machine.running.live
    assert (live.dead_threshold, live.idle_timeout_ms, live.keepalive_delay_ms) == (
        61,
        10000,
        2000,
    )
    assert {node.name: node.number for node in live.nodes.values()} == {
        "node01": 7,
        "node02": 3,
    }
    assert machine.running.mounts[0].options[:2] == ("rw", "noatime")


def test_ten_years_of_clock_skew_change_nothing():
    worlds = [witnessed(2), witnessed(2)]
    worlds[1].machines["node01"].setup.skew = 315_360_000
    worlds[1].machines["node02"].setup.skew = -315_360_000
    for world in worlds:
        assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    assert worlds[0].digest() == worlds[1].digest()


def test_hosts_that_name_the_disks_differently_still_mount_the_right_one():
    world = witnessed(2, Shape("scsi", luns=2))
    other = world.machines["node02"]
    other.setup.attachments[1:] = other.setup.attachments[:0:-1]
    power.shut_down(other)
    power.switch_on(other)
    names = [
        m.device(f"/dev/disk/by-id/scsi-{world.luns['lun1'].wwid}").name
        for m in world.machines.values()
    ]
    assert names == ["sda", "sdb"]
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    (fs,) = world.filesystems()
    assert len(world.mounters(fs)) == 2
    assert world.wrongs() == []

"""Hosts that know better: two clusters of one name in one file; a member that was installed anew."""

import pytest

from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.presets import Shape
from reconciler.hosts.simulator.state.files import File
from tests.clock import drive
from tests.runs import Controller, desired, members, volume, witnessed
from tests.scenarios.test_simulated_membership import (
    ATTESTED,
    THREE,
    cluster,
    lists,
    quarantined,
    running,
)

RECORDS = ("quarantine", "members", "applied")


def with_own_numbers(world, **numbers):
    """Members by name with their numbers."""
    return [{**item, "number": numbers[item["name"]]} for item in members(world, *numbers)]


def two_clusters():
    """node01 with one volume, node02 and node03 with another one, each first number 1."""
    world = witnessed(3, Shape(luns=2))
    controller = Controller(world)
    first, second = volume(world), volume(world, lun="lun2", label="mail")
    alone = desired(world, members=with_own_numbers(world, node01=1), volumes=[first])
    pair = desired(world, members=with_own_numbers(world, node02=1, node03=2), volumes=[second])
    for wanted in (alone, pair):
        assert drive(world, controller.apply(wanted)).word == "converged"
    return world, controller, [first, second]


@pytest.mark.parametrize(
    "numbers",
    [
        {"node01": 5, "node02": 1, "node03": 2},
        {"node01": 1, "node02": 5, "node03": 2},
        {"node02": 5, "node01": 1, "node03": 2},
    ],
)
def test_nobody_who_serves_is_left_out_of_a_list_for_another_of_its_number(numbers):
    world, controller, volumes = two_clusters()
    wanted = desired(world, members=with_own_numbers(world, **numbers), volumes=volumes)
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, ended.codes) == ("refused", {"foreign-cluster"})
    (blocked,) = ended.outcomes[0].blocked
    assert "node01 and node02 run two clusters called ocfs2" in blocked.message
    assert ended.started == []
    assert world.wrongs() == []


def test_members_that_change_numbers_and_were_cut_short_at_it_are_no_two_clusters():
    """One kernel has the new numbers, the other the old ones: both are number 1 (seed 66576)."""
    world, controller = running(2, THREE[:2])
    wanted = desired(world, members=with_own_numbers(world, node01=1, node02=0))
    fault = Fault("fails", "before", command="o2cb register")
    world.machines["node02"].faults.append(fault)
    assert drive(world, controller.apply(wanted)).word == "partial"
    world.machines["node02"].faults.clear()
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, ended.codes) == ("converged", set())
    assert world.wrongs() == []


def test_who_has_nothing_mounted_and_is_on_no_list_joins_when_its_number_is_free():
    world, controller, volumes = two_clusters()
    connect(world, "node01").unmount("/srv/images")
    wanted = desired(
        world, members=with_own_numbers(world, node01=1, node02=5, node03=2), volumes=volumes
    )
    assert drive(world, controller.apply(wanted)).word == "converged"
    assert drive(world, controller.apply(wanted)).word == "no-change"
    assert world.wrongs() == []


def test_who_is_on_the_list_of_another_does_not_wait():
    world, controller, volumes = two_clusters()
    connect(world, "node02").unmount("/srv/mail")
    wanted = desired(
        world, members=with_own_numbers(world, node01=5, node02=1, node03=2), volumes=volumes
    )
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, ended.codes) == ("refused", {"foreign-cluster"})


def install_anew(world, name):
    """A machine without anything of the cluster, under the name of a member that was shut down."""
    connect(world, name).unmount("/srv/images")
    connect(world, name).power_off()
    world.advance(200)
    wipe(world.machines[name])
    connect(world, name).power_on()


def wipe(machine):
    """Nothing of the cluster is left on it."""
    for record in RECORDS:
        machine.files.by_path.pop(f"/var/lib/reconcile/ocfs2/{record}.json", None)
    for path in ("/etc/ocfs2/cluster.conf", "/etc/fstab"):
        machine.files.remove(path)
    for unit in ("o2cb.service", "ocfs2.service"):
        machine.units[unit].enabled = False


def test_one_of_two_members_is_installed_anew():
    world, controller = running(3, THREE[:2])
    install_anew(world, "node02")
    wanted = cluster(world, THREE[:2])
    assert drive(world, controller.apply(wanted)).word == "converged"
    assert drive(world, controller.apply(wanted)).word == "no-change"
    assert world.wrongs() == []


def test_the_only_member_online_remembers_who_is_in_quarantine():
    world, controller = running(3)
    dead = {"node03": {"state": "dead", "attested": ATTESTED}}
    connect(world, "node03").unmount("/srv/images")
    connect(world, "node03").power_off()
    world.advance(200)
    assert drive(world, controller.apply(cluster(world, THREE, dead))).word == "converged"
    connect(world, "node01").unmount("/srv/images")
    install_anew(world, "node02")
    assert drive(world, controller.apply(cluster(world, THREE[:2]))).word == "converged"
    assert quarantined(world, "node01") == quarantined(world, "node02") == ["node03"]
    assert world.wrongs() == []


def test_another_machine_takes_the_name_of_one_that_was_attested_dead_and_dropped():
    world, controller = running(3)
    connect(world, "node03").power_off()
    world.advance(200)
    dead = {"node03": {"state": "dead", "attested": ATTESTED}}
    assert drive(world, controller.apply(cluster(world, THREE, dead))).word == "converged"
    wipe(world.machines["node03"])
    world.machines["node03"].machine_id = "f" * 32
    connect(world, "node03").power_on()
    assert drive(world, controller.apply(cluster(world, THREE))).word == "converged"
    assert [number for number, _name in lists(world)["node01"]] == [0, 1, 3]
    assert quarantined(world, "node01") == ["node03"]
    assert world.wrongs() == []


def test_a_line_of_a_host_that_is_out_moves_nobodys_mount():
    """What is in its file by now is its own; who stays has the volume there by hand."""
    world, controller = running(3)
    out = cluster(world, THREE, {"node03": {"state": "absent"}})
    assert drive(world, controller.apply(out)).word == "converged"
    line = world.machines["node01"].files.text("/etc/fstab").splitlines()[-1]
    files = world.machines["node03"].files
    other = line.replace("/srv/images", "/srv/other")
    files.write("/etc/fstab", File(f"{files.text('/etc/fstab')}{other}\n"))
    connect(world, "node02").unmount("/srv/images")
    connect(world, "node02").mount(line.split()[0], "/srv/other")
    ended = drive(world, controller.apply(out))
    assert (ended.word, ended.codes) == ("refused", {"volume-unfamiliar"})

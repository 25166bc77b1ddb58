"""Hosts that go down and come back."""

import pytest

from reconciler.hosts.simulator import connect, connect_all
from reconciler.hosts.simulator.presets import Shape
from reconciler.hosts.simulator.state.unit import Unit
from tests.clock import drive
from tests.fault_transport import Kill, Line
from tests.runs import (
    MOUNTED,
    Controller,
    desired,
    members,
    mounted,
    of,
    volume,
    witnessed,
)

AGENT = "agent.service"


def converged(hosts, storage="plain", **more):
    world = witnessed(hosts, Shape(storage))
    wanted, controller = desired(world, **more), Controller(world)
    assert drive(world, controller.apply(wanted)).word == "converged"
    return world, wanted, controller


@pytest.mark.parametrize("storage", ["plain", "san"])
@pytest.mark.parametrize("hosts", [1, 2, 3])
def test_a_host_that_reboots_comes_back_by_itself_and_the_plan_stays_empty(hosts, storage):
    world, wanted, controller = converged(hosts, storage)
    connect(world, "node01").reboot()
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    plan = drive(world, controller.plan(wanted))
    assert (plan.actions, plan.blocked) == ((), ())
    assert world.wrongs() == []


def test_a_host_whose_power_failed_comes_back_by_itself_and_the_plan_stays_empty():
    world, wanted, controller = converged(3)
    connect(world, "node02").power_off()
    world.advance(200)
    refused = drive(world, controller.apply(wanted))
    assert (refused.word, refused.codes) == ("refused", {"host-unreachable"})
    connect(world, "node02").power_on()
    plan = drive(world, controller.plan(wanted))
    assert (plan.actions, plan.blocked, mounted(world)["node02"]) == ((), (), MOUNTED)
    assert world.wrongs() == []


def test_all_hosts_come_back_after_a_power_failure_of_the_site():
    world, wanted, controller = converged(3, "san")
    for host in connect_all(world).values():
        host.power_off()
    world.advance(3600)
    for host in connect_all(world).values():
        host.power_on()
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert drive(world, controller.apply(wanted)).word == "no-change"
    assert world.wrongs() == []


def test_a_volume_that_is_not_mounted_at_boot_is_mounted_by_the_next_run():
    world = witnessed(2)
    item = volume(world, mount={"path": "/srv/images", "at_boot": False})
    wanted, controller = desired(world, volumes=[item]), Controller(world)
    drive(world, controller.apply(wanted))
    connect(world, "node01").reboot()
    assert mounted(world) == {"node01": (), "node02": MOUNTED}
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, ended.started) == ("converged", ["ocfs2/node01/mount/images"])
    assert world.wrongs() == []


def test_what_was_unmounted_by_hand_is_mounted_again_and_nothing_else_is_done():
    world, wanted, controller = converged(3)
    connect(world, "node02").unmount("/srv/images")
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, ended.started) == ("converged", ["ocfs2/node02/mount/images"])
    assert world.wrongs() == []


@pytest.mark.parametrize("by", ["reconcile", "workload"])
def test_a_service_is_in_order_after_one_run_and_out_of_it_when_it_is_named_no_more(by):
    world = witnessed(2, Shape("san"))
    item = volume(world, mount={"path": "/srv/images", "by": by})
    plain, controller = desired(world, volumes=[item]), Controller(world)
    drive(world, controller.apply(plain))
    for machine in world.machines.values():
        machine.units[AGENT] = Unit("active", "running", enabled=True)
    named = desired(world, volumes=[{**item, "workloads": {"services": ["agent"]}}])
    ended = drive(world, controller.apply(named))
    host = [step.split("/", 2)[2] for step in ended.started if "/node01/" in step]
    assert host == [f"write-order/{AGENT}", "reload-units"]
    assert drive(world, controller.apply(named)).word == "no-change"
    ended = drive(world, controller.apply(plain))
    host = [step.split("/", 2)[2] for step in ended.started if "/node01/" in step]
    assert host == [f"archive-order/{AGENT}", "reload-units"]
    assert drive(world, controller.apply(plain)).word == "no-change"
    assert world.wrongs() == []


def test_a_service_whose_mount_fails_at_boot_stays_stopped_until_a_run_has_mounted():
    world = witnessed(2)
    for machine in world.machines.values():
        machine.units[AGENT] = Unit("inactive", "dead", enabled=True)
    named = desired(world, volumes=[volume(world, workloads={"services": ["agent"]})])
    controller = Controller(world)
    assert drive(world, controller.apply(named)).word == "converged"
    machine = world.machines["node01"]
    connect(world, "node01").power_off()
    world.advance(200)
    conf = machine.files.by_path.pop("/etc/ocfs2/cluster.conf")
    connect(world, "node01").power_on()
    assert (mounted(world)["node01"], machine.units[AGENT].active) == ((), "inactive")
    machine.files.by_path["/etc/ocfs2/cluster.conf"] = conf
    connect(world, "node01").reboot()
    assert (mounted(world)["node01"], machine.units[AGENT].active) == (MOUNTED, "active")
    assert drive(world, controller.apply(named)).word == "no-change"


def test_who_is_replaced_keeps_no_order_when_the_run_is_killed_between_its_files():
    world = witnessed(2, Shape("san"))
    item = volume(world, workloads={"services": ["agent"]})
    for machine in world.machines.values():
        machine.units[AGENT] = Unit("inactive", "dead", enabled=True)
    controller = Controller(world)
    first = desired(world, "node01", volumes=[item])
    assert drive(world, controller.apply(first)).word == "converged"
    files = world.machines["node01"].files.by_path
    ours = [path for path in files if path.endswith(".d/reconcile.conf")]
    assert len(ours) == 2
    old, new = members(world)
    second = of(
        {"name": "ocfs2", "members": [{**old, "state": "absent"}, new], "volumes": [item]}
    )
    kill = Kill(2, "after", lambda name: name == "gate archive-file")
    assert drive(world, controller.apply(second, line=Line(kill))).word == "killed"
    assert drive(world, controller.apply(second)).word == "converged"
    assert not [path for path in ours if path in files]
    assert world.wrongs() == []

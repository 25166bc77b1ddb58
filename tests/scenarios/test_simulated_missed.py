"""Services whose start at boot failed since their volume was not mounted: runs start them."""

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.kernel import services
from reconciler.hosts.simulator.presets import Shape
from reconciler.hosts.simulator.state.unit import Unit
from tests.clock import drive
from tests.fault_transport import Kill, Line
from tests.runs import MOUNTED, Controller, desired, kinds, members, mounted, volume, witnessed

AGENT = "agent.service"
THREE = ("node01", "node02", "node03")


def serving(**more):
    """Three hosts with a service on their volume, of which the third one is to leave."""
    world = witnessed(3)
    for machine in world.machines.values():
        machine.units[AGENT] = Unit(enabled=True)
        services.start(machine, AGENT)
    mount = {"path": "/srv/images", **more}
    item = volume(world, mount=mount, workloads={"services": ["agent"]})
    controller = Controller(world)
    whole = desired(world, volumes=[item])
    assert drive(world, controller.apply(whole)).word == "converged"
    people = members(world, *THREE[:2]) + members(world, THREE[2], state="absent")
    return world, controller, whole, desired(world, members=people, volumes=[item])


def lose_power(world, name):
    """A power cut, and a boot when its heartbeat is over."""
    connect(world, name).power_off()
    world.advance(200)
    connect(world, name).power_on()


def state(world, name="node02"):
    """What a host has mounted, and what became of its service."""
    unit = world.machines[name].units[AGENT]
    return mounted(world)[name], unit.active, unit.since_boot


def booted_between_file_and_kernels():
    """A member boots when the files have a new list, and the kernels of the others do not."""
    world, controller, _before, wanted = serving()
    kill = Kill(1, "before", lambda name: name == "o2cb register-cluster")
    ended = drive(world, controller.apply(wanted, line=Line(kill)))
    assert ended.word == "killed"
    node = connect(world, "node02")
    node.power_off()
    world.advance(200)
    node.power_on()
    unit = world.machines["node02"].units[AGENT]
    assert (mounted(world)["node02"], unit.active, unit.since_boot) == (
        (),
        "inactive",
        "missed",
    )
    return world, controller, wanted


def test_a_service_that_missed_its_start_as_its_host_was_refused_is_started():
    world, controller, wanted = booted_between_file_and_kernels()
    ended = drive(world, controller.apply(wanted))
    assert ended.word == "converged"
    done = kinds(ended, "node02")
    assert done.index("mount") < done.index("start-service")
    assert "strike-stopped" not in done
    assert state(world) == (MOUNTED, "active", "ran")
    assert drive(world, controller.apply(wanted)).word == "no-change"
    assert world.wrongs() == []


def test_a_run_that_is_killed_between_the_mount_and_the_start_is_gone_on_with():
    world, controller, wanted = booted_between_file_and_kernels()
    kill = Kill(1, "before", lambda name: name == "systemctl start")
    assert drive(world, controller.apply(wanted, line=Line(kill))).word == "killed"
    assert state(world) == (MOUNTED, "inactive", "missed")
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, kinds(ended)[-1]) == ("converged", "start-service")
    assert state(world) == (MOUNTED, "active", "ran")
    assert world.wrongs() == []


def test_what_is_started_by_hand_while_a_run_comes_to_it_is_left_as_it_is():
    world, controller, wanted = booted_between_file_and_kernels()

    def by_hand(name):
        if name == "gate mount":
            services.start(world.machines["node02"], AGENT)
            services.stop(world.machines["node02"], AGENT)
        return False

    ended = drive(world, controller.apply(wanted, line=Line(Kill(1, "after", by_hand))))
    assert (ended.word, state(world)) == ("partial", (MOUNTED, "inactive", "ran"))
    (why,) = ended.failures.values()
    assert "since-boot agent.service is ran, not missed" in why
    assert drive(world, controller.apply(wanted)).word == "no-change"
    assert world.wrongs() == []


def test_a_service_that_was_stopped_by_hand_is_not_started():
    world, controller, wanted, _without = serving()
    lose_power(world, "node02")
    services.stop(world.machines["node02"], AGENT)
    connect(world, "node02").unmount("/srv/images")
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, kinds(ended)) == ("converged", ["mount"])
    assert state(world) == (MOUNTED, "inactive", "ran")
    assert world.wrongs() == []


def test_a_service_that_was_stopped_and_enabled_anew_by_hand_is_not_started():
    world, controller, wanted, _without = serving()
    lose_power(world, "node02")
    for typed in (services.stop, services.disable, services.enable):
        typed(world.machines["node02"], AGENT)
    assert state(world) == (MOUNTED, "inactive", "missed")  # for all that systemd knows
    assert drive(world, controller.apply(wanted)).word == "no-change"


def test_a_service_whose_condition_is_the_mount_is_started_when_a_run_has_mounted():
    world, controller, wanted, _without = serving(at_boot=False)
    world.machines["node02"].units[AGENT].needs = "/srv/images"
    lose_power(world, "node02")
    assert state(world) == ((), "inactive", "unmet")
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, kinds(ended)) == ("converged", ["mount", "start-service"])
    assert state(world) == (MOUNTED, "active", "ran")
    assert world.wrongs() == []


def test_a_service_that_another_condition_keeps_is_tried_once_after_a_boot():
    world, controller, wanted, _without = serving()
    world.machines["node02"].units[AGENT].needs = "/srv/licence"
    lose_power(world, "node02")
    assert state(world) == (MOUNTED, "inactive", "unmet")
    assert drive(world, controller.apply(wanted)).word == "no-change"
    connect(world, "node02").unmount("/srv/images")
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, list(ended.failures)) == (
        "partial",
        ["ocfs2/node02/start-service/agent.service"],
    )
    assert drive(world, controller.apply(wanted)).word == "no-change"
    assert world.wrongs() == []


def test_an_agent_that_mounts_by_itself_is_started_if_it_missed_its_start():
    world, controller, wanted, _without = serving(by="workload")
    machine = world.machines["node02"]
    lose_power(world, "node02")
    machine.units[AGENT].boot()
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, kinds(ended)) == ("converged", ["start-service"])
    assert drive(world, controller.apply(wanted)).word == "no-change"


def test_a_start_that_was_missed_is_owed_after_a_window():
    world, controller, _before, _wanted = serving(at_boot=False)
    lose_power(world, "node02")
    mount = {"path": "/srv/images", "at_boot": False}
    item = volume(world, mount=mount, workloads={"services": ["agent"]}, slots=12)
    world.machines["node02"].units[AGENT].boot()
    wanted = desired(world, volumes=[item])
    assert drive(world, controller.apply(wanted)).word == "converged"
    assert state(world) == (MOUNTED, "active", "ran")
    assert drive(world, controller.apply(wanted)).word == "no-change"
    assert world.wrongs() == []


def test_a_start_that_was_missed_is_made_where_another_service_is_stopped():
    world = witnessed(2, Shape(luns=2))
    for machine in world.machines.values():
        for unit in (AGENT, "post.service"):
            machine.units[unit] = Unit(enabled=True)
            services.start(machine, unit)
    images = volume(world, workloads={"services": ["agent"]})
    mail = volume(world, lun="lun2", label="mail", workloads={"services": ["post"]})
    controller = Controller(world)
    whole = desired(world, volumes=[images, mail])
    assert drive(world, controller.apply(whole)).word == "converged"
    services.stop(world.machines["node02"], AGENT)
    world.machines["node02"].units[AGENT].boot()
    ended = drive(world, controller.apply(desired(world, volumes=[images])))
    assert ended.word == "converged"
    assert {"stop-service", "start-service"} <= set(kinds(ended, "node02"))
    assert world.machines["node02"].units[AGENT].active == "active"
    assert world.machines["node02"].units["post.service"].active == "inactive"
    assert world.wrongs() == []

"""Forecasts of the next boot, each compared with what the boot brings; members that differ."""

import pytest

from reconciler.hosts.simulator import connect, connect_all
from reconciler.hosts.simulator.presets import Shape
from reconciler.hosts.simulator.state.disk import Filesystem
from reconciler.hosts.simulator.state.files import File
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, mounted, volume, witnessed

O2CB, FSTAB = "/etc/default/o2cb", "/etc/fstab"


def converged(storage="plain"):
    world = witnessed(2, Shape(storage))
    wanted, controller = desired(world), Controller(world)
    assert drive(world, controller.apply(wanted)).word == "converged"
    assert told(world, controller, wanted) == []
    return world, wanted, controller


def told(world, controller, wanted):
    (plan,) = drive(world, controller.plan(wanted)).clusters
    return [(item.code, bool(item.mended_by)) for item in plan.findings]


def replaced(machine, path, old, new):
    text = machine.files.text(path)
    assert old in text
    machine.files.write(path, File(text.replace(old, new)))


def new_kernel(machine):
    machine.setup.next_boot, machine.setup.next_boot_module = "9.9.9", False


def disabled(unit):
    def spoil(machine):
        machine.units[unit].enabled = False

    return spoil


def not_enabled(machine):
    replaced(machine, O2CB, "O2CB_ENABLED=true", "O2CB_ENABLED=false")


def no_line(machine):
    machine.files.write(FSTAB, File("/dev/ubda / ext4 defaults 0 0\n"))


SPOILED = {
    "kernel": ("plain", new_kernel, ("next-boot-no-module", False)),
    "unit": ("plain", disabled("o2cb.service"), ("next-boot-unit-disabled", True)),
    "setting": ("plain", not_enabled, ("next-boot-unit-disabled", True)),
    "fstab": ("plain", no_line, ("next-boot-mount-missing", True)),
    "login": ("san", disabled("open-iscsi.service"), ("next-boot-unit-disabled", False)),
}


@pytest.mark.parametrize("case", SPOILED)
def test_who_is_forecast_to_come_up_without_the_volume_does(case):
    storage, spoil, expected = SPOILED[case]
    world, wanted, controller = converged(storage)
    spoil(world.machines["node02"])
    assert told(world, controller, wanted) == [expected]
    assert mounted(world)["node02"] == MOUNTED
    connect(world, "node02").reboot()
    assert mounted(world) == {"node01": MOUNTED, "node02": ()}


def test_who_is_forecast_to_come_up_with_other_timeouts_does():
    world, wanted, controller = converged()
    machine = world.machines["node02"]
    replaced(machine, O2CB, "IDLE_TIMEOUT_MS=30000", "IDLE_TIMEOUT_MS=20000")
    assert told(world, controller, wanted) == [("next-boot-differs", True)]
    connect(world, "node02").reboot()
    assert machine.running.live.idle_timeout_ms == 20000
    assert mounted(world)["node02"] == ()


def test_after_a_boot_into_a_good_kernel_nothing_is_told_but_that_kernels_differ():
    world, wanted, controller = converged()
    world.machines["node02"].setup.next_boot = "6.1.177"
    assert told(world, controller, wanted) == []
    connect(world, "node02").reboot()
    assert mounted(world)["node02"] == MOUNTED
    assert told(world, controller, wanted) == [("version-skew", False)]


def joined_later(spoil, **more):
    """node01 runs; node02, of which something is odd, is to join."""
    world = witnessed(2)
    controller = Controller(world)
    one = desired(world, "node01", **more)
    assert drive(world, controller.apply(one)).word == "converged"
    spoil(world, world.machines["node02"])
    before = dict(world.machines["node02"].files.by_path)
    ended = drive(world, controller.apply(desired(world, **more)))
    return world, ended, world.machines["node02"].files.by_path == before


def test_a_kernel_of_another_locking_protocol_does_not_join():
    def spoil(_world, machine):
        machine.setup.locking = "2.0"
        machine.running.loaded |= {"ocfs2", "ocfs2_nodemanager"}

    world, ended, untouched = joined_later(spoil)
    assert (ended.word, ended.codes, untouched) == ("refused", {"protocol-skew"}, True)
    assert world.wrongs() == []


def test_where_the_protocol_is_not_known_before_the_kernel_refuses_the_mount():
    def spoil(_world, machine):
        machine.setup.locking = "2.0"

    world, ended, _untouched = joined_later(spoil)
    assert (ended.word, list(ended.failures)) == ("partial", ["ocfs2/node02/mount/images"])
    assert "71" in ended.failures["ocfs2/node02/mount/images"]
    assert mounted(world) == {"node01": MOUNTED, "node02": ()}
    assert world.wrongs() == []


def test_a_kernel_without_a_feature_of_the_volume_does_not_join():
    def spoil(_world, machine):
        machine.setup.kernel, machine.setup.features = "3.16.0", 0x7FD8

    world, ended, untouched = joined_later(spoil)
    assert (ended.word, ended.codes, untouched) == ("refused", {"feature-skew"}, True)
    assert world.wrongs() == []


def test_tools_that_cannot_open_the_volume_do_not_join():
    def spoil(_world, machine):
        machine.setup.versions["ocfs2-tools"] = "1.6.3-4"
        machine.setup.tool_features = 0x7FD8

    world, ended, untouched = joined_later(spoil)
    assert (ended.word, ended.codes) == ("refused", {"feature-skew", "device-unreadable"})
    assert untouched
    assert world.wrongs() == []


def test_a_feature_that_nobody_knows_is_refused_where_it_is_to_be_mounted():
    world, _wanted, controller = converged()
    fs = world.luns["lun1"].whole.content
    assert isinstance(fs, Filesystem)
    for host in connect_all(world).values():
        host.power_off()
    fs.extra = 0x10000
    for machine in world.machines.values():
        machine.setup.tool_features |= 0x10000
    world.advance(200)
    for host in connect_all(world).values():
        host.power_on()
    assert mounted(world) == {"node01": (), "node02": ()}
    ended = drive(world, controller.apply(desired(world, volumes=[volume(world)])))
    assert (ended.word, ended.codes) == ("refused", {"feature-skew"})

"""One name that leads to different disks, and disks that do not hold still."""

import pytest

from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.presets import Shape, partition
from reconciler.hosts.simulator.state.disk import Blank, Filesystem, Signature
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, happened, mounted, volume, witnessed


@pytest.mark.parametrize("hosts", [2, 3])
def test_one_path_to_different_disks_is_found_after_formatting_and_before_any_mount(hosts):
    world = witnessed(hosts, Shape(split=("lun1",)))
    controller, wanted = Controller(world), desired(world)
    ended = drive(world, controller.apply(wanted))
    assert (ended.word, ended.codes) == ("partial", {"different-device"})
    assert happened(world, "formatted", "mounted") == [("node01", "formatted")]
    again = drive(world, controller.apply(wanted))
    assert (again.word, again.codes, again.started) == ("refused", {"different-device"}, [])
    assert world.wrongs() == []


@pytest.mark.parametrize("number", [None, 1])
def test_a_disk_of_nvme_s_own_multipath_is_one_disk_by_its_wwid(number):
    """The kernel lists its path too, without a number; a partition is named with a p."""
    world = witnessed(2, Shape("nvme"))
    if number:
        partition(world)
    (lun,) = [lun for lun in world.luns.values() if lun.wwid]
    device = {"wwid": lun.wwid, **({"partition": number} if number else {})}
    volumes = [volume(world, device=device)]
    ended = drive(world, Controller(world).apply(desired(world, volumes=volumes)))
    assert (ended.word, ended.failures) == ("converged", {})
    assert set(mounted(world).values()) == {MOUNTED}
    assert world.wrongs() == []


def test_a_device_that_is_used_between_plan_and_format_is_not_formatted():
    world = witnessed(2)
    host, extent = world.machines["node01"], world.luns["lun1"].whole

    async def story():
        plan = await Controller(world).plan(desired(world))
        assert plan.blocked == ()
        extent.content = Signature("xfs")
        return await Controller(world).apply(desired(world))

    ended = drive(world, story())
    assert (ended.word, ended.codes) == ("refused", {"device-not-blank"})
    assert (extent.content, host.running.loaded) == (Signature("xfs"), set())
    assert world.wrongs() == []


def test_a_device_that_is_used_while_the_run_is_on_its_way_is_not_formatted():
    world = witnessed(2)
    extent = world.luns["lun1"].whole

    class Late(Fault):
        """Another host writes to the disk when the cluster comes online."""

        def due(self, name):
            if name == "systemctl restart":
                extent.content = Signature("LVM2_member")
            return False

    world.machines["node02"].faults.append(Late("fails"))
    ended = drive(world, Controller(world).apply(desired(world)))
    assert (ended.word, ended.codes) == ("partial", {"device-not-blank"})
    assert list(ended.failures) == ["ocfs2/node01/format/images"]
    assert extent.content == Signature("LVM2_member")
    assert world.wrongs() == []


def test_a_format_that_the_power_cut_short_is_refused_by_name_ever_after():
    world = witnessed(2)
    world.machines["node01"].faults.append(Fault("reboot", "during", "gate format"))
    controller, wanted = Controller(world), desired(world)
    first = drive(world, controller.apply(wanted))
    assert (first.word, first.codes) == ("partial", {"device-not-blank"})
    again = drive(world, controller.apply(wanted))
    assert (again.word, again.codes, again.started) == ("refused", {"device-not-blank"}, [])
    assert mounted(world) == {"node01": (), "node02": ()}
    assert world.wrongs() == []


def test_a_map_without_a_living_path_is_never_opened_nor_formatted():
    world = witnessed(2, Shape("san"))
    world.machines["node02"].dead_maps.add("lun1")
    ended = drive(world, Controller(world).apply(desired(world)))
    assert (ended.word, ended.codes) == ("refused", {"device-unreadable"})
    assert isinstance(world.luns["lun1"].whole.content, Blank)


def test_a_volume_that_others_formatted_under_the_right_name_is_adopted():
    world = witnessed(2)
    fs = Filesystem(world.uuid(), "images", 8, 4096, 4096, (1 << 30) // 4096, "o2cb", "ocfs2")
    world.luns["lun1"].whole.content = fs
    ended = drive(world, Controller(world).apply(desired(world)))
    assert (ended.word, happened(world, "formatted")) == ("converged", [])
    assert len(world.mounters(fs)) == 2
    assert world.wrongs() == []


def test_a_disk_that_grew_before_a_host_booted_has_different_sizes_and_is_refused():
    world = witnessed(2)
    world.grow("lun1", 2 << 30)
    connect(world, "node02").reboot()
    before = len(world.trace)
    ended = drive(world, Controller(world).apply(desired(world)))
    assert (ended.word, ended.codes) == ("refused", {"device-size-differs"})
    assert world.trace[before:] == []


def test_a_volume_that_an_unlisted_host_has_mounted_is_not_mounted():
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world, "node01"))).word == "converged"
    ended = drive(world, Controller(world).apply(desired(world, "node02")))
    assert world.wrongs() == []
    assert (ended.word, ended.started) == ("refused", [])
    assert mounted(world) == {"node01": MOUNTED, "node02": ()}

"""A logical volume inside the members is used as it is, never formatted or grown."""

from __future__ import annotations

import pytest

from reconciler.hosts.simulator import connect_all
from reconciler.hosts.simulator.presets import Shape
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, happened, mounted, volume, witnessed

GIB = 1 << 30
PLAIN, LVM = {"path": "/dev/disk/by-id/lab-lun1"}, {"path": "/dev/vg0/lun1"}


def wish(world, size="1GiB", device=LVM, **more):
    return desired(world, volumes=[volume(world, size=size, device=device, **more)])


def made():
    """A world whose logical volume somebody has formatted, as the plan would have."""
    world = witnessed(2, Shape("lvm"))
    other = witnessed(2)
    controller = Controller(other)
    assert drive(other, controller.apply(wish(other, device=PLAIN))).word == "converged"
    (fs,) = other.filesystems()
    fs.beats.clear()
    fs.slot_map.clear()
    world.luns["lun1"].whole.content = fs
    return world, Controller(world)


def test_it_is_not_formatted():
    world = witnessed(2, Shape("lvm"))
    ended = drive(world, Controller(world).apply(wish(world)))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"lvm-not-shared"}, [])
    assert list(world.filesystems()) == []


def test_what_is_on_it_is_mounted_and_a_note_says_what_is_not_known():
    world, controller = made()
    ended = drive(world, controller.apply(wish(world)))
    assert (ended.word, ended.failures) == ("converged", {})
    assert mounted(world) == {"node01": MOUNTED, "node02": MOUNTED}
    (note, *_) = ended.plan.clusters[0].notes
    assert note.startswith("images is a logical volume inside node01, node02")


@pytest.mark.parametrize("growth", ["online", "offline"])
@pytest.mark.parametrize("size", ["2GiB", "fill"])
def test_it_does_not_grow_though_all_see_the_same_size(growth, size):
    world, controller = made()
    assert drive(world, controller.apply(wish(world))).word == "converged"
    world.luns["lun1"].whole.size = 2 * GIB
    for host in connect_all(world).values():
        host.reboot()
    assert mounted(world)["node01"] == MOUNTED
    ended = drive(world, controller.apply(wish(world, size, growth=growth)))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"lvm-not-shared"}, [])
    assert {fs.size for fs in world.filesystems()} == {GIB}
    assert ("node01", "resized") not in happened(world, "resized")

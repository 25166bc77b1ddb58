"""The disk that was approved, and no other; a refusal is never success."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.hosts.simulator import Fault, connect, connect_all
from reconciler.hosts.simulator.presets import Shape
from reconciler.hosts.simulator.state.disk import Blank, Extent, Filesystem, Signature
from tests.clock import drive
from tests.runs import Controller, desired, happened, mounted, volume, witnessed

RECORD = "/var/lib/reconcile/ocfs2/volumes.json"
OTHER = "11111111-1111-4111-8111-111111111111"


def meets(world, host, verb, then):
    world.machines[host].faults.append(Fault("meets", command=f"gate {verb}", then=then))


def failed(ended, code):
    """Only this failed, and so did nothing that needed it."""
    assert [code in failure for failure in ended.failures.values()] == [True]
    assert ended.word in {"failed", "partial"}


@pytest.mark.parametrize("storage", ["san", "scsi"])
@pytest.mark.parametrize("content", [Blank(), Signature("ext4")])
def test_a_lun_that_is_swapped_before_mkfs_stays_as_it_is(storage, content):
    world = witnessed(2, Shape(storage=storage, luns=2))
    world.luns["lun2"].whole.content = content
    meets(world, "node01", "format", lambda: connect(world, "node01").swap("lun1", "lun2"))
    ended = drive(world, Controller(world).apply(desired(world)))
    failed(ended, "wrong-device")
    assert world.luns["lun2"].whole.content == content
    assert mounted(world) == {"node01": (), "node02": ()}
    assert world.wrongs() == []


def test_a_lun_that_is_swapped_before_the_mount_is_not_mounted():
    world = witnessed(2, Shape(storage="san", luns=2))
    controller, wanted = Controller(world), desired(world)
    assert drive(world, controller.apply(wanted)).word == "converged"
    world.luns["lun2"].whole.content = replace(next(world.filesystems()), beats={}, slot_map={})
    for host in connect_all(world).values():
        host.unmount("/srv/images")
    meets(world, "node01", "mount", lambda: connect(world, "node01").swap("lun1", "lun2"))
    failed(drive(world, controller.apply(wanted)), "wrong-device")
    assert mounted(world)["node01"] == ()
    assert world.wrongs() == []


def test_without_a_wwid_the_file_system_says_that_it_is_another():
    world = witnessed(2, Shape(luns=2))
    controller, wanted = Controller(world), desired(world)
    assert drive(world, controller.apply(wanted)).word == "converged"
    fs = next(world.filesystems())
    world.luns["lun2"].whole.content = replace(fs, uuid=OTHER, beats={}, slot_map={})
    for host in connect_all(world).values():
        host.unmount("/srv/images")
    meets(world, "node01", "mount", lambda: connect(world, "node01").swap("lun1", "lun2"))
    failed(drive(world, controller.apply(wanted)), "wrong-uuid")
    assert mounted(world)["node01"] == ()


def test_a_format_that_is_refused_is_no_format_whatever_is_there_then():
    world = witnessed(2)

    def quicker():
        size = world.luns["lun1"].whole.size // 4096
        fs = Filesystem(OTHER, "images", 8, 4096, 4096, size, "o2cb", "ocfs2")
        world.luns["lun1"].whole = Extent(world.luns["lun1"].whole.size, fs)

    meets(world, "node01", "format", quicker)
    failed(drive(world, Controller(world).apply(desired(world))), "device-not-blank")
    assert mounted(world) == {"node01": (), "node02": ()}
    assert happened(world, "formatted", "mounted") == []


def test_a_format_whose_answer_is_lost_is_known_by_its_uuid():
    world = witnessed(2)
    world.machines["node01"].faults.append(Fault("lost", "after", "gate format"))
    ended = drive(world, Controller(world).apply(desired(world)))
    assert ended.word == "converged"
    assert world.wrongs() == []


def test_the_same_plan_gives_a_new_file_system_the_same_uuid():
    found = []
    for _ in range(2):
        world = witnessed(2)
        assert drive(world, Controller(world).apply(desired(world))).word == "converged"
        found.append(next(world.filesystems()).uuid)
    assert found[0] == found[1]


def test_a_copy_of_the_volume_is_refused_by_the_disk_that_it_is_on():
    world = witnessed(2, Shape(storage="san", luns=2))
    controller, wanted = Controller(world), desired(world)
    assert drive(world, controller.apply(wanted)).word == "converged"
    fs, wwid = next(world.filesystems()), world.luns["lun1"].wwid
    for machine in world.machines.values():
        record = json.loads(machine.files.text(RECORD))
        assert record == {"images": {"uuid": fs.uuid, "wwid": wwid}}
    assert drive(world, controller.apply(wanted)).word == "no-change"
    copy = replace(fs, beats={}, slot_map={})
    world.luns["lun2"].whole.content = copy
    for host in connect_all(world).values():
        host.unmount("/srv/images")
    moved = desired(world, volumes=[volume(world, "lun2", "images")])
    ended = drive(world, controller.apply(moved))
    assert (ended.codes, ended.started) == ({"cloned-volume"}, [])
    both = [volume(world), volume(world, "lun2", "copies", mount={"path": "/srv/copies"})]
    copy.label = "copies"
    ended = drive(world, controller.apply(desired(world, volumes=both)))
    assert ended.codes == {"cloned-volume"}

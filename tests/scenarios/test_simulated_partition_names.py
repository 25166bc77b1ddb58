"""Devices by the names that people have for them: partitions by their own path, DRBD, NVMe."""

import pytest

from reconciler.hosts.simulator.kernel import power
from reconciler.hosts.simulator.presets import Shape, partition
from reconciler.model.lasting_names import instability, whole_of
from tests.clock import drive
from tests.runs import MOUNTED, Controller, apply, desired, kinds, mounted, volume, witnessed
from tests.scenarios.test_simulated_import import imported

MIB = 1 << 20
GIB = 1024 * MIB
# Of a disk of one path by what it is and by where it is; of a map by what it is.
NAMES = {"scsi": ("scsi-", "wwn-", "by-path"), "san": ("dm-uuid-", "wwn-")}


def names(world):
    """Lasting names of the partition as each host has them."""
    lun = world.luns["lun1"]
    for machine in world.machines.values():
        devices = [d for d in machine.running.devices if d.lun is lun and d.serves]
        yield {
            link for d in devices if d.partition for link in d.links if not instability(link)
        }


@pytest.mark.parametrize(
    ("storage", "start"), [(s, start) for s, starts in NAMES.items() for start in starts]
)
def test_it_grows_as_one_that_is_counted_on_its_disk(storage, start):
    world = witnessed(2, Shape(storage))
    partition(world)
    shared = set.intersection(*names(world))
    path = min(name for name in shared if start in name)
    assert whole_of(path) is not None

    def wish(size):
        return desired(world, volumes=[volume(world, device={"path": path}, size=size)])

    controller = Controller(world)
    apply(world, controller, wish("1GiB"))
    world.grow("lun1", 2 * GIB)
    ended = apply(world, controller, wish("2GiB"))
    assert "grow-partition" in kinds(ended)
    assert not [action.summary for action in ended.plan.actions if "None" in action.summary]
    (fs,) = world.filesystems()
    assert fs.size == 2 * GIB - 2 * MIB
    assert world.wrongs() == []


def test_what_is_too_small_is_called_by_its_number():
    world = witnessed(2, Shape("plain"))
    partition(world)
    world.grow("lun1", 4 * GIB)
    device = {"path": "/dev/disk/by-id/lab-lun1-part1"}
    ended = apply(
        world,
        Controller(world),
        desired(world, volumes=[volume(world, device=device, size="4GiB")]),
        "refused",
    )
    assert ended.codes == {"device-too-small"}
    assert not [b.message for b in ended.plan.blocked if "None" in b.message]


UNITS = ("drbd.service", "drbd@lun1.service", "drbd@lun1.target")


@pytest.mark.parametrize("path", ["/dev/drbd0", "/dev/drbd/by-res/lun1/0"])
def test_drbd_is_a_device_that_the_cluster_comes_after_at_boot(path):
    world = witnessed(2, Shape("drbd"))
    wanted = desired(world, volumes=[volume(world, device={"path": path})])
    apply(world, Controller(world), wanted)
    assert set(mounted(world).values()) == {MOUNTED}
    for machine in world.machines.values():
        text = machine.files.text("/etc/systemd/system/o2cb.service.d/reconcile.conf")
        assert [line for line in text.splitlines() if "drbd" in line] == [
            f"After={unit}" for unit in UNITS
        ]
    assert drive(world, Controller(world).plan(wanted)).actions == ()
    text, _, faithful = imported(world)
    assert "{path: /dev/drbd/by-res/lun1/0}" in text
    assert faithful


def test_drbd_that_no_boot_brings_up_is_told():
    world = witnessed(2, Shape("drbd"))
    wanted = desired(world, volumes=[volume(world, device={"path": "/dev/drbd0"})])
    apply(world, Controller(world), wanted)
    for machine in world.machines.values():
        machine.units["drbd.service"].enabled = False
    plan = drive(world, Controller(world).plan(wanted))
    codes = [finding.code for cluster in plan.clusters for finding in cluster.findings]
    assert codes == ["next-boot-unit-disabled"] * 2


@pytest.mark.parametrize(
    ("storage", "device"),
    [
        ("plain", {"path": "/dev/disk/by-path/platform-uml-blkdev.1", "partition": 1}),
        ("plain", {"path": "/dev/disk/by-path/platform-uml-blkdev.1-part1"}),
        ("nvme", {"path": "/dev/disk/by-id/nvme-LAB_lun1-part1"}),
    ],
)
def test_what_import_writes_of_a_partition_is_taken_again(storage, device):
    world = witnessed(2, Shape(storage))
    partition(world)
    if storage == "plain":
        for machine in world.machines.values():  # a disk without a serial number
            for attachment in machine.setup.attachments:
                attachment.link = ""
            power.reboot(machine)
    apply(world, Controller(world), desired(world, volumes=[volume(world, device=device)]))
    _, _, faithful = imported(world)
    assert faithful

from dataclasses import replace

import pytest

from reconciler.errors import HostUnreachable
from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.kernel import mkfs as tool
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.hosts.simulator.state.disk import Blank, Filesystem, Garbage, Signature
from reconciler.hosts.simulator.state.faults import Fault
from reconciler.hosts.simulator.state.reply import Failed
from tests.unit.hosts.simulator.lab import (
    GIB,
    LUN,
    kinds,
    mkfs,
    mounted_cluster,
    refusal,
    start_cluster,
)

OCFS2 = Filesystem("u-1", "old", 4, 4096, 4096, 9, "o2cb", "ocfs2")


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ((), (4, 4096, 4096, GIB // 4096)),
        (("-T", "mail"), (4, 4096, 4096, GIB // 4096)),
        (("-T", "datafiles"), (4, 4096, 131072, GIB // 131072)),
        (("-T", "vmstore"), (4, 4096, 131072, GIB // 131072)),
        (("-b", "1024", "-C", "1048576"), (4, 1024, 1048576, 1024)),
    ],
)
async def test_a_blank_device_gets_the_file_system_that_was_asked_for(options, shape):
    world = bare_cluster(1)
    done = await connect(world, "node01").run(mkfs(LUN, *options))
    assert refusal(done) == (0, "", 5.0)
    slots, block, cluster, clusters = shape
    made = world.luns["lun1"].whole.content
    assert made == Filesystem(
        made.uuid, "images", slots, block, cluster, clusters, "o2cb", "ocfs2"
    )
    assert world.violations() == ()


async def test_a_number_of_blocks_makes_a_smaller_file_system():
    world = bare_cluster(1)
    command = mkfs(LUN, "-b", "4096")
    argv = (*command.argv, "1000")
    assert (await connect(world, "node01").run(replace(command, argv=argv))).status == 0
    assert world.luns["lun1"].whole.content.size == 4096000


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (Garbage(), "has data that is not zero"),
        (Signature("ext4"), "has a signature: TYPE=ext4"),
        (Signature("gpt"), "has a signature: PTTYPE=gpt"),
        (OCFS2, "has a signature: TYPE=ocfs2"),
    ],
)
async def test_the_gate_formats_only_a_blank_device(content, why):
    world = bare_cluster(1)
    world.luns["lun1"].whole.content = content
    assert refusal(await connect(world, "node01").run(mkfs(LUN))) == (
        75,
        f"gate: device-not-blank: {LUN} {why}",
        0.1,
    )
    assert world.luns["lun1"].whole.content is content


async def test_the_gate_formats_only_a_device_of_the_planned_size():
    world = bare_cluster(1)
    assert refusal(await connect(world, "node01").run(mkfs(LUN, size=GIB + 512))) == (
        75,
        f"gate: device-size: {LUN} has {GIB} bytes, not {GIB + 512}",
        0.1,
    )


async def test_the_gate_formats_no_path_of_a_multipath_map():
    world = bare_cluster(1, "san")
    assert refusal(await connect(world, "node01").run(mkfs("/dev/sdb"))) == (
        75,
        "gate: device-in-use: /dev/sdb is held by dm-0",
        0.1,
    )


async def test_the_gate_formats_no_missing_device():
    host = connect(bare_cluster(1), "node01")
    assert refusal(await host.run(mkfs("/dev/ubdz"))) == (
        75,
        "gate: device-missing: /dev/ubdz is no block device",
        0.1,
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("-L", "x" * 70), "Specify a label of at most 63 bytes"),
        (("-b", "8192"), "Invalid block size 8192"),
        (("-C", "2048"), "Invalid cluster size 2048"),
        (("-N", "256"), "Specify a number of node slots below 256, not 256"),
        (("-T", "vmstore", "-N", "8"), "The journals do not fit on the device"),
    ],
)
async def test_mkfs_refuses_what_no_volume_can_be(options, complaint):
    host = connect(bare_cluster(1), "node01")
    done = await host.run(mkfs(LUN, *options))
    assert refusal(done) == (70, f"gate: format-failed: mkfs.ocfs2: {complaint}", 0.1)


async def test_mkfs_itself_overwrites_ext4_without_a_word_and_is_a_violation():
    world = bare_cluster(1)
    world.luns["lun1"].whole.content = Signature("ext4")
    assert tool.make(world.machines["node01"], ("-x", LUN)).status == 0
    assert kinds(world) == ["format-of-data"]


async def test_mkfs_itself_stops_only_at_a_listed_peer():
    world = bare_cluster(2)
    await mounted_cluster(world, "node02")
    with pytest.raises(Failed, match="Trylock failed"):
        tool.make(world.machines["node01"], ("-x", LUN))
    del world.machines["node01"].running.live.nodes["node02"]
    tool.make(world.machines["node01"], ("-x", LUN))
    assert kinds(world) == ["format-of-data", "format-of-mounted"]


async def test_mkfs_itself_asks_before_it_overwrites_an_ocfs2():
    world = bare_cluster(1)
    world.luns["lun1"].whole.content = OCFS2
    with pytest.raises(Failed, match="Aborting"):
        tool.make(world.machines["node01"], (LUN,))


async def test_a_format_that_the_power_cuts_off_leaves_garbage():
    world = bare_cluster(1)
    await start_cluster(world)
    host = connect(world, "node01")
    host.machine.faults.append(Fault("crash", "during", "gate format"))
    with pytest.raises(HostUnreachable):
        await host.run(mkfs(LUN))
    assert world.luns["lun1"].whole.content == Garbage()


async def test_a_format_that_the_gate_refuses_leaves_nothing_when_the_power_goes():
    world = bare_cluster(1)
    host = connect(world, "node01")
    host.machine.faults.append(Fault("crash", "during", "gate format"))
    with pytest.raises(HostUnreachable):
        await host.run(mkfs(LUN, size=1))
    assert world.luns["lun1"].whole.content == Blank()


async def test_mkfs_itself_leaves_a_device_alone_that_the_system_uses():
    world = bare_cluster(1, "san")
    await mounted_cluster(world)
    for node in ("/dev/dm-0", "/dev/sda"):
        with pytest.raises(Failed, match="in use by the system"):
            tool.make(world.machines["node01"], ("-x", node))


@pytest.mark.parametrize(
    ("storage", "node", "why"),
    [
        ("plain", LUN, f"gate: device-not-blank: {LUN} has partitions"),
        ("san", "/dev/dm-0", "gate: device-in-use: /dev/dm-0 is held by dm-1"),
    ],
)
async def test_the_gate_formats_a_partition_and_not_the_disk_around_it(storage, node, why):
    world = bare_cluster(1, storage)
    host = connect(world, "node01")
    world.luns["lun1"].add_partition(1, 1 << 20, 1 << 29)
    host.reboot()
    assert refusal(await host.run(mkfs(node)))[:2] == (75, why)
    part = "/dev/mapper/mpatha-part1" if storage == "san" else f"{LUN}-part1"
    assert (await host.run(mkfs(part, size=1 << 29))).status == 0
    assert kinds(world) == []

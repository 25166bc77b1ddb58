import pytest

from reconciler.errors import HostUnreachable
from reconciler.hosts.simulator import Fault, connect, connect_all
from reconciler.hosts.simulator.presets import MIB, bare_cluster, partition
from reconciler.hosts.simulator.state.disk import Signature
from reconciler.hosts.simulator.state.files import Room
from tests.unit.hosts.simulator.lab import GIB, LUN, mounted_cluster, on, refusal, section

MAP, DUMP = "/dev/mapper/mpatha", "/var/lib/reconcile/tables/dm-0.dump"
SECTORS = MIB // 512
START, OLD = SECTORS, (1024 - 1) * SECTORS - 1
NEW = (2048 - 1) * SECTORS - 1
GREW = (NEW + 1 - START) * 512


def sizes(host, *names):
    known = {device.name: device.size for device in host.machine.running.devices}
    return tuple(known[name] for name in names)


def grown(storage, hosts=1):
    """A LUN of 2 GiB of which the kernels know 1."""
    world = bare_cluster(hosts, storage)
    world.grow("lun1", 2 * GIB)
    return world, connect(world, "node01")


def parted(storage="san", hosts=1, scheme="gpt"):
    """The same with a partition, and kernels that know the disk."""
    world = bare_cluster(hosts, storage)
    partition(world, scheme=scheme)
    world.grow("lun1", 2 * GIB)
    for host in connect_all(world).values():
        for device in host.machine.running.devices:
            if device.lun.name == "lun1" and device.partition is None:
                device.size = 2 * GIB
    return world, connect(world, "node01")


def grow(end=NEW, start=START, number=1, node=MAP):
    return on(node, "grow-partition", number, start, end)


@pytest.mark.parametrize(
    ("storage", "node", "names"),
    [("san", MAP, ("sda", "sdb", "dm-0")), ("scsi", "/dev/sda", ("sda",))],
)
async def test_a_rescan_tells_the_kernel_of_every_path_and_of_the_map(storage, node, names):
    world, host = grown(storage)
    assert set(sizes(host, *names)) == {GIB}
    for _ in range(2):
        done = await host.run(on(node, "rescan", 2 * GIB))
        assert (done.status, done.stdout) == (0, f"ok rescanned {node} {2 * GIB}\n")
        assert set(sizes(host, *names)) == {2 * GIB}
    rescanned = [event for event in world.trace if event.what == "rescanned"]
    assert len(rescanned) == 1


async def test_a_rescan_changes_no_other_disk_and_no_partition():
    world, _ = grown("san", hosts=2)
    partition(world)
    world.grow("lun1", 3 * GIB)
    one, two = connect_all(world).values()
    before = sizes(two, "sda", "sdb", "dm-0", "dm-1")
    assert (await one.run(on(MAP, "rescan", 3 * GIB))).status == 0
    assert sizes(one, "dm-0", "dm-1", "sda1") == (3 * GIB, before[3], before[3])
    assert sizes(two, "sda", "sdb", "dm-0", "dm-1") == before


async def test_a_disk_that_is_large_enough_is_not_rescanned():
    _, host = grown("san")
    done = await host.run(on(MAP, "rescan", GIB))
    assert done.stdout == f"ok rescanned {MAP} {GIB}\n"
    assert sizes(host, "sda", "dm-0") == (GIB, GIB)


async def test_paths_of_different_sizes_are_rescanned_in_any_case():
    _world, host = grown("san")
    next(d for d in host.machine.running.devices if d.name == "sdb").size = 2 * GIB
    assert (await host.run(on(MAP, "rescan", GIB))).status == 0
    assert sizes(host, "sda", "sdb", "dm-0") == (2 * GIB,) * 3


@pytest.mark.parametrize("node", [MAP, "/dev/sdb"])
async def test_a_path_that_is_down_refuses_the_rescan_before_anything_is_done(node):
    _, host = grown("san")
    host.machine.down_paths.add("sdb")
    assert refusal(await host.run(on(node, "rescan", 2 * GIB))) == (
        75,
        "gate: path-down: sdb is transport-offline",
        0.1,
    )
    assert sizes(host, "sda", "dm-0") == (GIB, GIB)


async def test_a_disk_that_the_storage_did_not_grow_stays_small():
    _, host = grown("san")
    done = await host.run(on(MAP, "rescan", 3 * GIB))
    had = f"sda has {2 * GIB} bytes, sdb has {2 * GIB} bytes"
    said = f"gate: path-not-grown: {had}, not {3 * GIB}"
    assert refusal(done) == (70, said, 10.0)


async def test_a_plain_disk_has_its_size_until_the_next_boot():
    _, host = grown("plain")
    done = await host.run(on(LUN, "rescan", 2 * GIB))
    said = f"gate: path-not-grown: ubdb has {GIB} bytes, not {2 * GIB}"
    assert refusal(done)[:2] == (70, said)
    host.reboot()
    assert (await host.run(on(LUN, "rescan", 2 * GIB))).status == 0


async def test_a_map_does_not_grow_without_multipathd():
    _, host = grown("san")
    host.machine.units["multipathd.service"].set("inactive", "dead")
    done = await host.run(on(MAP, "rescan", 2 * GIB))
    said = f"gate: map-not-grown: mpatha has {GIB} bytes, its paths {2 * GIB}"
    assert refusal(done) == (70, said, 15.0)
    assert sizes(host, "sda", "sdb", "dm-0") == (2 * GIB, 2 * GIB, GIB)


async def test_a_rescan_that_is_cut_short_leaves_the_map_behind_its_paths():
    _, host = grown("san")
    host.machine.faults.append(Fault("lost", "during", "gate rescan"))
    with pytest.raises(HostUnreachable):
        await host.run(on(MAP, "rescan", 2 * GIB))
    assert sizes(host, "sda", "dm-0") == (2 * GIB, GIB)
    assert (await host.run(on(MAP, "rescan", 2 * GIB))).status == 0
    assert sizes(host, "dm-0") == (2 * GIB,)


@pytest.mark.parametrize("scheme", ["gpt", "dos"])
async def test_a_partition_grows_in_the_table_and_in_the_kernel_that_wrote_it(scheme):
    world, one = parted(hosts=2, scheme=scheme)
    two = connect(world, "node02")
    for _ in range(2):
        done = await one.run(grow())
        assert (done.status, done.stdout) == (0, f"ok grown {MAP} 1 {NEW}\n")
    assert world.luns["lun1"].partitions[1].extent.size == GREW
    assert sizes(one, "dm-1", "dm-0") == (GREW, 2 * GIB)
    assert sizes(one, "sda1") == sizes(two, "dm-1") == ((OLD + 1 - START) * 512,)
    assert one.machine.files.text(DUMP) == f"1: {START} {OLD}\n"
    assert world.violations() == ()


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (grow(number=2), "partition-missing", f"{MAP} has no partition 2"),
        (grow(start=34), "partition-moved", f"begins at {START}, not 34"),
        (grow(end=OLD - 1), "shrink-refused", f"ends at {OLD}"),
        (
            grow(end=2048 * SECTORS - 33),
            "device-size",
            f"used up to sector {2048 * SECTORS - 34}",
        ),
        (grow(node="/dev/nothing"), "device-missing", "no block device"),
    ],
)
async def test_a_partition_is_not_moved_shrunk_or_grown_too_far(command, code, words):
    world, host = parted()
    before = world.luns["lun1"].partitions[1].extent.size
    done = await host.run(command)
    assert done.status == 75
    assert done.stderr.startswith(f"gate: {code}: ")
    assert words in done.stderr
    assert world.luns["lun1"].partitions[1].extent.size == before


async def test_a_partition_does_not_grow_over_the_next_one():
    world, host = parted()
    world.luns["lun1"].add_partition(2, GIB + 8 * MIB, 64 * MIB)
    behind = (1024 + 8) * SECTORS
    done = await host.run(grow(end=behind))
    assert done.status == 75
    assert done.stderr.startswith("gate: partition-blocked: ")
    assert (await host.run(grow(end=behind - 1))).status == 0


@pytest.mark.parametrize(
    ("kind", "end", "code"),
    [("dos", 1 << 32, "partition-limit"), ("sun", NEW, "partition-table")],
)
async def test_a_table_has_to_be_known_and_able(kind, end, code):
    world, host = parted()
    world.luns["lun1"].whole.content = Signature(kind)
    assert refusal(await host.run(grow(end=end)))[1].startswith(f"gate: {code}: ")


async def test_a_kernel_that_knows_the_old_size_of_the_disk_refuses_the_new_partition():
    world = bare_cluster(1, "san")
    partition(world)
    world.grow("lun1", 2 * GIB)
    host = connect(world, "node01")
    assert refusal(await host.run(grow()))[1].startswith("gate: device-size: ")
    assert (await host.run(on(MAP, "rescan", 2 * GIB))).status == 0
    assert (await host.run(grow())).status == 0


async def test_a_full_disk_stops_before_the_table_is_written():
    world, host = parted()
    host.machine.files.room["/var/lib"] = Room(free=3)
    assert refusal(await host.run(grow()))[1].startswith("gate: no-space: ")
    assert world.luns["lun1"].partitions[1].extent.size == (OLD + 1 - START) * 512


async def test_a_dead_map_has_no_table():
    _, host = parted()
    host.machine.down_paths |= {"sda", "sdb"}
    assert refusal(await host.run(grow()))[:2] == (
        70,
        f"gate: unreadable: the table of {MAP}",
    )


async def test_other_hosts_reread_the_partition():
    world, one = parted(hosts=2)
    two = connect(world, "node02")
    await one.run(grow())
    for _ in range(2):
        done = await two.run(on(MAP, "reread-partition", 1, GREW))
        assert (done.status, done.stdout) == (0, f"ok reread {MAP} 1 {GREW}\n")
    assert sizes(two, "dm-1") == (GREW,)


async def test_a_kernel_rereads_no_further_than_it_knows_the_disk():
    world, one = parted(hosts=2)
    two = connect(world, "node02")
    await one.run(grow())
    for device in two.machine.running.devices:
        if device.name in ("sda", "sdb", "dm-0"):
            device.size = GIB
    old = (OLD + 1 - START) * 512
    done = await two.run(on(MAP, "reread-partition", 1, GREW))
    said = f"partition 1 of {MAP} has {old} bytes in the kernel, not {GREW}"
    assert refusal(done) == (70, f"gate: partition-not-reread: {said}", 20.0)
    two.reboot()
    assert sizes(two, "dm-0", "dm-1") == (2 * GIB, GREW)


@pytest.mark.parametrize(("number", "least"), [(2, 1), (1, 4 * GIB), (1, MIB)])
async def test_what_the_table_does_not_have_is_not_reread(number, least):
    _, host = parted()
    done = await host.run(on(MAP, "reread-partition", number, least))
    assert refusal(done)[1].startswith("gate: partition-not-reread: ")


async def test_a_growth_that_is_cut_short_leaves_a_table_that_the_kernel_does_not_know():
    world, host = parted()
    host.machine.faults.append(Fault("lost", "during", "gate grow-partition"))
    with pytest.raises(HostUnreachable):
        await host.run(grow())
    assert world.luns["lun1"].partitions[1].extent.size == GREW
    assert sizes(host, "dm-1") == ((OLD + 1 - START) * 512,)
    assert (await host.run(grow())).status == 0
    assert sizes(host, "dm-1") == (GREW,)


@pytest.mark.parametrize(
    ("tool", "command"),
    [("multipathd", on(MAP, "rescan", 2 * GIB)), ("parted", grow())],
)
async def test_a_tool_that_is_missing_is_named(tool, command):
    _, host = grown("san")
    setup = host.machine.setup
    setup.commands = tuple(name for name in setup.commands if name != tool)
    done = await host.run(command)
    assert refusal(done) == (70, f"gate: no-tool: {tool} is not there", 0.1)


@pytest.mark.parametrize(
    ("down", "tool", "capacity"),
    [((), "sg_readcap", str(2 * GIB)), (("sdb",), "sg_readcap", "-"), ((), "none", "-")],
)
async def test_the_capacity_is_told_when_every_path_answers(down, tool, capacity):
    world, host = grown("san")
    host.machine.down_paths.update(down)
    setup = host.machine.setup
    setup.commands = (*(n for n in setup.commands if n != "sg_readcap"), tool)
    rows = await section(host, "disks", "--want", f"wwid={world.luns['lun1'].wwid}")
    assert [row[14] for row in rows if row[1] == "dm-0"] == [capacity]


async def test_a_volume_whose_paths_are_all_down_is_not_read():
    world = bare_cluster(1, "san")
    await mounted_cluster(world)
    host = connect(world, "node01")
    host.machine.down_paths |= {"sda", "sdb"}
    ref = f"wwid={world.luns['lun1'].wwid}"
    rows = await section(host, "wanted", "--want", ref)
    assert rows[-1] == ("unread", ref, "multipath map without an active path")
    host.machine.down_paths.discard("sda")
    assert (await section(host, "wanted", "--want", ref))[-1][0] == "beat"


async def test_partitions_have_no_partitions():
    world = bare_cluster(1)
    partition(world)
    part, host = f"{LUN}-part1", connect(world, "node01")
    said = f"gate: device-missing: {part} is a partition, not a disk"
    for words in (("rescan", 1), ("grow-partition", 1, 2, 3), ("reread-partition", 1, 1)):
        done = await host.run(on(part, *words))
        assert refusal(done)[:2] == (75, said)
